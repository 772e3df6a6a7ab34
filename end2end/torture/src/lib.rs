//! Breaks a running `companion` on purpose and checks that nothing was lost.
//!
//! The companion is the real binary in a process of its own ([`companion`]), and is used only
//! through real sockets ([`client`], [`observer`]). Its endpoint is the scripted upstream of
//! `end2end/upstream`, in this process. Each subcommand is a module that returns an error as soon
//! as a promise is broken.

pub mod client;
pub mod companion;
pub mod crowd;
pub mod database;
pub mod faults;
pub mod kill;
pub mod ledger;
pub mod observer;
pub mod observers;
pub mod power;
pub mod raw;
pub mod recovery;
pub mod sample;
pub mod seed;
pub mod stop;
pub mod times;
