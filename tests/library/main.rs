//! Tests of the library: the ARM client against scripted responses, the emulator against responses of the real
//! service, and the project's own rules.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot continue fails")]

mod architecture;
mod arm_client;
mod credentials;
mod emulator;
mod generated;
mod operations;
mod planned;
mod resource_graph;
mod script;
mod server;
