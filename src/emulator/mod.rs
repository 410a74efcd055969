//! A small Azure Resource Manager for Microsoft.ContainerRegistry that runs in this process.
//!
//! [`handle`] is a pure function from a [`State`] and a [`Request`] to a [`Response`]. It has two thin front ends:
//! [`transport::EmulatorTransport`] for the client in the same process (`--cloud emulator`), and [`server`] for all
//! other clients over HTTPS (`az-acr emulator start`). The server can also emulate the registries themselves: login
//! servers, data endpoints, storage.
//!
//! Nothing here uses the client's code: an emulator that computed host names with the client's own
//! functions could not prove those functions right. The emulator is compared with bodies that the real service sent.

mod certificates;
mod connections;
mod data_plane;
mod entra;
mod error;
mod faults;
mod first_world;
pub mod fleet;
mod handler;
mod jwt;
mod logs;
mod management;
mod message;
mod network;
mod operations;
mod past;
mod permissions;
mod quota;
mod registries;
mod registry_service;
mod replications;
mod resource_graph;
pub mod server;
pub mod store;
mod subscriptions;
pub mod transport;
mod versions;
mod world;

pub use data_plane::hosts;
pub use faults::{FaultRule, NoFault};
pub use handler::handle;
pub use message::{Request, Response};
pub use world::{DEFAULT_SUBSCRIPTION, State, TENANT};
