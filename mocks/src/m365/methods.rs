//! Authentication methods: the list with every kind in it, and each by the path of its kind.

use serde_json::{Value, json};

use super::answers::{bad, no_such_resource, no_such_segment};
use super::state::Method;
use super::users::seconds;
use super::{Call, M365};
use crate::vendor::Answer;

/// A kind of method.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its path segment.
    pub segment: &'static str,
    /// Its `@odata.type` without the namespace.
    pub odata: &'static str,
    /// Its permission without `.Read.All` and `.ReadWrite.All`.
    pub permission: &'static str,
    /// Whether it can be the default, asked for first.
    pub second_factor: bool,
}

const fn kind(
    segment: &'static str,
    odata: &'static str,
    permission: &'static str,
    second_factor: bool,
) -> Kind {
    Kind {
        segment,
        odata,
        permission,
        second_factor,
    }
}

/// Every kind that can be deleted. The password is listed and has no such path.
#[rustfmt::skip]
pub const KINDS: &[Kind] = &[
    kind("fido2Methods", "fido2AuthenticationMethod", "UserAuthMethod-Passkey", false),
    kind("microsoftAuthenticatorMethods", "microsoftAuthenticatorAuthenticationMethod", "UserAuthMethod-MicrosoftAuthApp", true),
    kind("phoneMethods", "phoneAuthenticationMethod", "UserAuthMethod-Phone", true),
    kind("emailMethods", "emailAuthenticationMethod", "UserAuthMethod-Email", false),
    kind("softwareOathMethods", "softwareOathAuthenticationMethod", "UserAuthMethod-SoftwareOATH", true),
    kind("temporaryAccessPassMethods", "temporaryAccessPassAuthenticationMethod", "UserAuthMethod-TAP", false),
    kind("windowsHelloForBusinessMethods", "windowsHelloForBusinessAuthenticationMethod", "UserAuthMethod-WindowsHello", false),
    kind("platformCredentialMethods", "platformCredentialAuthenticationMethod", "UserAuthMethod-PlatformCred", false),
    kind("externalAuthenticationMethods", "externalAuthenticationMethod", "UserAuthMethod-External", false),
];

impl M365 {
    /// `GET …/authentication/methods`, which takes no OData options.
    pub(super) fn list_methods(&mut self, call: &Call<'_>) -> Answer {
        if call.query.iter().any(|(key, _)| key.starts_with('$')) {
            return bad("OData query parameters are not supported on this resource.");
        }
        let user = match self.find(call.param(0)) {
            Ok(id) => &self.users[&id],
            Err(refusal) => return refusal,
        };
        let password = json!({
            "@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
            "id": "28c10230-6103-485e-b985-444c60001490", "password": null,
            "createdDateTime": seconds(user.created_ms),
        });
        let items = user.methods.values().map(method_json);
        let items: Vec<Value> = std::iter::once(password).chain(items).collect();
        let context = format!("users('{}')/authentication/methods", user.id);
        self.page(call, &context, items, 999)
    }

    pub(super) fn get_method(&mut self, call: &Call<'_>) -> Answer {
        match self.method_at(call) {
            Ok(user) => Answer::json(200, method_json(&self.users[&user].methods[call.param(2)])),
            Err(refusal) => refusal,
        }
    }

    /// `DELETE`; the default method cannot go while another second factor is left (assumed to be a
    /// 400).
    pub(super) fn delete_method(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.method_at(call) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let user = self.users.get_mut(&id).expect("it was found");
        if user.restricted {
            return super::answers::not_allowed();
        }
        let others = user
            .methods
            .values()
            .any(|m| m.id != call.param(2) && can_be_default(m));
        if user.methods[call.param(2)].default && others {
            return bad("The default method cannot be deleted while other methods are registered.");
        }
        user.methods.remove(call.param(2));
        self.audit_by_app(call, "Admin deleted security info", &id);
        Answer::empty(204).changed(true)
    }

    /// Whose method it is, if the path of its kind is right.
    fn method_at(&self, call: &Call<'_>) -> Result<String, Answer> {
        if !KINDS.iter().any(|k| k.segment == call.param(1)) {
            return Err(no_such_segment());
        }
        let id = self.find(call.param(0))?;
        let method = self.users[&id].methods.get(call.param(2));
        match method.filter(|m| m.segment == call.param(1)) {
            Some(_) => Ok(id),
            None => Err(no_such_resource(call.param(2))),
        }
    }
}

fn can_be_default(method: &Method) -> bool {
    let kind = KINDS.iter().find(|k| k.segment == method.segment);
    kind.is_some_and(|k| k.second_factor)
}

fn method_json(method: &Method) -> Value {
    let kind = KINDS.iter().find(|k| k.segment == method.segment);
    let odata = kind.map_or("authenticationMethod", |k| k.odata);
    let mut body = json!({
        "@odata.type": format!("#microsoft.graph.{odata}"), "id": method.id,
        "createdDateTime": method.created_ms.map(seconds),
    });
    if let (Some(body), Some(detail)) = (body.as_object_mut(), method.detail.as_object()) {
        body.extend(detail.clone());
    }
    body
}
