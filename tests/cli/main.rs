//! Tests that run the binary as users do, each in its own home directory.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot continue fails")]

mod access;
mod bounds;
mod check_endpoints;
mod clients;
#[cfg(unix)]
mod docs;
mod emulator;
mod errors;
mod fake_arm;
mod firewall;
mod firewall_clouds;
mod firewall_languages;
mod firewall_log;
mod fleet;
mod home;
mod hostile;
mod https;
mod input;
mod list;
mod locate;
mod login;
mod network;
mod networks;
mod output;
mod own_files;
mod parity;
mod planned;
mod replication;
mod report;
mod shim;
mod show;
mod show_endpoints;
mod update;
