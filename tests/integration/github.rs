//! Stories at GitHub, verb by verb against the stand-in; and by scripted answers, for what a host
//! says that the stand-in never would.

mod auth;
mod crowd;
pub(crate) mod desk;
mod enterprise;
mod hosts;
mod identity;
mod renamed;
pub(crate) mod script;
mod whole;

/// Stories that together send everything the connector can send.
pub(crate) const STORIES: &[fn()] = &[
    whole::authorisations_are_revoked_later_and_the_empty_list_is_the_proof,
    whole::fine_grained_tokens_go_in_one_call_and_those_of_before_stay_if_so_selected,
    whole::one_fine_grained_token_is_revoked_at_once,
    whole::a_member_is_removed_and_invited_again,
    whole::a_managed_user_is_suspended_under_another_login_and_given_back_whole,
    whole::of_a_managed_user_tokens_and_keys_are_destroyed,
    whole::an_older_host_is_asked_credential_by_credential,
    whole::alex_is_found_by_every_key_of_his,
    whole::the_owner_of_our_token_is_never_acted_on,
    whole::a_named_installation_is_used_and_the_preflight_of_a_good_one_is_silent,
    whole::a_managed_user_is_found_by_scim_alone,
    whole::an_enterprise_without_managed_users_is_asked_to_destroy_nothing,
    crowd::tokens_of_many_are_listed_ten_owners_at_a_time_and_each_gets_his_own,
];
