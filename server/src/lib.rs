//! The server of Companion: command line, configuration, HTTP, telemetry, shutdown.
//!
//! Owns no conversation: it calls [`runtime::Registry`] and shows what that says. [`cli`]
//! and [`config`] say what was asked for, [`commands`] do it, [`router`] is everything that
//! answers HTTP, [`routes`] its table.

pub mod api;
pub mod assets;
pub mod bounds;
pub mod cli;
pub mod commands;
pub mod config;
pub mod connections;
pub mod descriptors;
pub mod engine;
pub mod error;
pub mod events;
pub mod extract;
pub mod json;
pub mod listen;
pub mod pages;
pub mod router;
pub mod routes;
pub mod security;
pub mod signals;
pub mod state;
pub mod telemetry;
