//! Consents: delegated permission grants, which have no date, and the apps they are given to.

use serde_json::{Value, json};

use super::answers::no_such_resource;
use super::odata::{filter, matches};
use super::state::Grant;
use super::{Call, M365};
use crate::vendor::Answer;

impl M365 {
    /// Those of one person; grants for everybody are not among them.
    pub(super) fn grants_of_user(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.find(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let items = self
            .grants
            .values()
            .filter(|g| g.principal_id.as_ref() == Some(&id))
            .map(grant_json);
        self.page(call, "oauth2PermissionGrants", items.collect(), 100)
    }

    pub(super) fn list_grants(&mut self, call: &Call<'_>) -> Answer {
        let known = ["clientId", "consentType", "principalId", "resourceId"];
        let tests = match filter(call, &known) {
            Ok(tests) => tests,
            Err(refusal) => return refusal,
        };
        let items = self.grants.values().map(grant_json);
        let items = items.filter(|g| matches(&tests, g)).collect();
        self.page(call, "oauth2PermissionGrants", items, 100)
    }

    pub(super) fn get_grant(&mut self, call: &Call<'_>) -> Answer {
        match self.grants.get(call.param(0)) {
            Some(grant) => Answer::json(200, grant_json(grant)),
            None => no_such_resource(call.param(0)),
        }
    }

    pub(super) fn delete_grant(&mut self, call: &Call<'_>) -> Answer {
        let Some(grant) = self.grants.remove(call.param(0)) else {
            return no_such_resource(call.param(0));
        };
        let about = grant.principal_id.unwrap_or(grant.client_id);
        self.audit_by_app(call, "Remove delegated permission grant", &about);
        Answer::empty(204).changed(true)
    }

    pub(super) fn get_service_principal(&mut self, call: &Call<'_>) -> Answer {
        match self.service_principals.get(call.param(0)) {
            Some(app) => Answer::json(
                200,
                json!({
                    "id": app.id, "appId": app.app_id, "displayName": app.name, "appDisplayName": app.name,
                    "accountEnabled": true, "servicePrincipalType": "Application",
                    "signInAudience": "AzureADMultipleOrgs", "tags": [],
                }),
            ),
            None => no_such_resource(call.param(0)),
        }
    }
}

fn grant_json(grant: &Grant) -> Value {
    let kind = if grant.principal_id.is_some() {
        "Principal"
    } else {
        "AllPrincipals"
    };
    json!({
        "id": grant.id, "clientId": grant.client_id, "consentType": kind,
        "principalId": grant.principal_id, "resourceId": grant.resource_id, "scope": grant.scope,
    })
}
