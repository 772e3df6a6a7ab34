//! Breaks a running `companion` on purpose and looks for what was lost.
//!
//! The companion is the real binary in a process of its own ([`companion`]), reached over
//! real sockets only ([`client`], [`observer`]); what answers it is the scripted upstream of
//! `end2end/upstream`, in this process. Each subcommand of the program is a module that
//! returns an error as soon as a promise is broken.

pub mod client;
pub mod companion;
pub mod crowd;
pub mod database;
pub mod faults;
pub mod kill;
pub mod ledger;
pub mod observer;
pub mod observers;
pub mod raw;
pub mod recovery;
pub mod sample;
pub mod seed;
pub mod stop;
pub mod times;
