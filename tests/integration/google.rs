//! Google Workspace, verb by verb, against the mock: what a change does, proves, undoes, spares.

mod auth;
mod blind;
pub(crate) mod desk;
mod identity;
mod items;
mod preflight;
mod refusals;
mod suspend;
mod whole;

/// Stories that together send everything the connector can send.
pub(crate) const STORIES: &[fn()] = &[
    items::a_date_on_the_second_page_of_reports_is_found,
    items::the_tokens_of_the_window_go_and_the_old_ones_stay,
    items::app_passwords_go_whatever_unit_their_times_have,
    blind::codes_and_sessions_end_unseen_and_nothing_says_that_it_is_proven,
    suspend::an_account_is_suspended_and_given_back,
];
