//! The one test binary. Every file here is listed; `architecture` fails if one is not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod alerts;
mod architecture;
mod aws;
mod aws_access;
mod aws_center;
mod aws_whole;
mod cli;
mod config;
mod conformance;
mod costs;
mod detect;
mod docs;
mod downstream;
mod fake;
mod follow;
mod github;
mod google;
mod gtr;
mod inbox;
mod incident;
mod instances;
mod investigate;
mod investigation_page;
mod kill;
mod lab;
mod ledger;
mod left;
mod m365;
mod matrix;
mod moto;
mod okta;
mod pages;
mod playbook;
mod report;
mod requests;
mod salesforce;
mod samples;
mod server;
mod service;
mod simulation;
mod slack;
mod window;
mod wire;
