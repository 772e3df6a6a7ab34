//! The server of Companion: command line, configuration, HTTP, telemetry, shutdown.
//!
//! It owns no conversation: it calls [`runtime::Registry`] and shows the results. [`cli`] and
//! [`config`] read what the user asked for, [`commands`] do it, [`router`] answers HTTP, and
//! [`routes`] is the table of the API.

pub mod api;
pub mod assets;
pub mod base_path;
pub mod bounds;
pub mod caller;
pub mod cli;
pub mod commands;
pub mod config;
pub mod connections;
pub mod descriptors;
pub mod ending;
pub mod engine;
pub mod error;
pub mod events;
pub mod extract;
pub mod identity_provider;
pub mod json;
pub mod listen;
pub mod memory;
pub mod own_socket;
pub mod pages;
pub mod privacy;
pub mod router;
pub mod routes;
pub mod security;
pub mod signals;
pub mod state;
pub mod telemetry;
pub mod tls;
pub mod walls;
