//! Salesforce, verb by verb, against the mock: what a change does, proves, undoes, spares.

mod auth;
mod crowd;
pub(crate) mod desk;
mod freeze;
mod identity;
mod preflight;
mod refusals;
mod sessions;
mod tokens;
mod whole;

/// Stories that together send everything the connector can send.
pub(crate) const STORIES: &[fn()] = &[
    identity::we_are_the_integration_user_and_ask_once,
    identity::two_people_by_one_name_are_told_and_none_is_chosen,
    freeze::an_account_is_frozen_and_given_back,
    tokens::tokens_go_app_by_app_and_their_secrets_go_nowhere_else,
    tokens::more_tokens_than_are_listed_go_in_rounds_and_the_count_tells,
    sessions::sessions_end_with_their_children_and_expired_rows_are_none,
    sessions::many_go_together_and_each_row_tells_for_itself,
    crowd::many_are_looked_up_frozen_signed_out_and_proven_in_a_few_queries,
    preflight::nothing_stands_in_the_way_of_contoso_but_that_reads_could_write,
];
