//! Tests of the server through its sockets and as a process, with a scripted provider behind it.

#![allow(clippy::unwrap_used)]

mod access;
mod account_command;
mod assets;
mod base_path;
mod bodies;
mod bounds;
mod browser;
mod bulk;
mod canary;
mod catalogue;
mod choosing;
mod config;
mod conversation;
mod doctor;
mod document;
mod editing;
mod endpoint;
mod endpoints;
mod entrance;
mod errors;
mod finding;
mod finding_pages;
mod forms;
mod guard;
mod html;
mod identity_provider;
mod learned;
mod listing;
mod moving;
mod odd_files;
mod pages;
mod passkeys;
mod privacy;
mod process;
mod sent;
mod shares;
#[path = "../../../runtime/store-sqlite/tests/support/small_disk.rs"]
mod small_disk;
mod sse;
mod start;
mod stopping;
mod store;
mod support;
mod tls;
mod transfer;
mod unreadable;
mod usage;
#[cfg(target_os = "linux")]
mod walls;
mod websocket;
