//! The domain: registry names, host names, regions and endpoints. Pure values, no I/O.

pub mod endpoints;
pub mod fqdn;
pub mod regions;
pub mod registry_name;

pub use endpoints::{CurrentRegistry, Endpoint, Endpoints, EndpointsError, Regional, Role};
pub use fqdn::{Fqdn, HostPattern, ParseFqdnError};
pub use regions::UnknownRegion;
pub use registry_name::{ParseRegistryNameError, RegistryName};
