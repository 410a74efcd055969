//! Tests of the library: the ARM client against scripted answers, the emulator against what the real service sent,
//! and the project's own rules.

mod architecture;
mod arm_client;
mod credentials;
mod emulator;
mod generated;
mod operations;
mod script;
