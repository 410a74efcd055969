//! Tests of the library: the ARM client against scripted answers, the emulator against what the real service sent,
//! and the project's own rules.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod architecture;
mod arm_client;
mod credentials;
mod emulator;
mod generated;
mod operations;
mod planned;
mod script;
mod server;
