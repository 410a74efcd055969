//! Tests through the binary, each in a home of its own: what users see.

mod docs;
mod emulator;
mod errors;
mod home;
mod https;
mod list;
mod login;
mod output;
mod show;
mod show_endpoints;
mod update;
