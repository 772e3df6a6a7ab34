//! Plans how many conversations the cache holds, so that the machine's memory suffices. [`plan`] is
//! pure; [`available_bytes`] asks the system.

use llama_cpp_2::model::LlamaModel;
use sysinfo::{MemoryRefreshKind, ProcessRefreshKind, ProcessesToUpdate, System};

/// Half of the memory that is available stays free for everything else.
const SHARE: u64 = 2;

/// How many of the `wanted` conversations the cache can hold, if each takes `each_bytes`. The first
/// one is always allowed, because without it there is no answer at all. If the system does not tell
/// what is available, all are allowed.
pub(crate) fn plan(wanted: u32, each_bytes: u64, available_bytes: Option<u64>) -> u32 {
    let Some(available) = available_bytes else { return wanted.max(1) };
    let fit = available / SHARE / each_bytes.max(1);
    wanted.min(u32::try_from(fit).unwrap_or(u32::MAX)).max(1)
}

/// The bytes of the cache for a window of `tokens`: a key and a value of two bytes a number, for
/// each layer. Models whose layers differ, or keep less, take less than this.
pub(crate) fn window_bytes(model: &LlamaModel, tokens: u32) -> u64 {
    let positive = |number: i32| u64::try_from(number).unwrap_or(0).max(1);
    let heads = u64::from(model.n_head()).max(1);
    let usual = positive(model.n_embd()) / heads;
    let architecture = model.meta_val_str("general.architecture").unwrap_or_default();
    let length = |of: &str| {
        let named = model.meta_val_str(&format!("{architecture}.attention.{of}_length"));
        named.ok().and_then(|length| length.parse().ok()).unwrap_or(usual)
    };
    // A model whose first layer has no attention names no heads for keys and values.
    let pairs = Some(u64::from(model.n_head_kv())).filter(|heads| *heads > 0).unwrap_or(heads);
    let token = 2 * u64::from(model.n_layer()) * pairs * (length("key") + length("value"));
    token * u64::from(tokens)
}

/// The memory that the system, and the control group of this process, still have for it; `None` if
/// the system does not tell. In the sandbox it does not.
pub(crate) fn available_bytes() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    let machine = Some(system.available_memory()).filter(|bytes| *bytes > 0);
    let group = sysinfo::get_current_pid().ok().and_then(|pid| {
        let only = ProcessesToUpdate::Some(&[pid]);
        system.refresh_processes_specifics(only, false, ProcessRefreshKind::nothing());
        system.process(pid)?.cgroup_limits().map(|limits| limits.free_memory)
    });
    machine.into_iter().chain(group).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_conversations_are_cached_as_half_of_the_memory_holds() {
        assert_eq!(plan(2, 100, Some(400)), 2);
        assert_eq!(plan(2, 100, Some(399)), 1);
        assert_eq!(plan(2, 100, Some(0)), 1, "one is needed in any case");
        assert_eq!(plan(8, 100, Some(1_000)), 5);
        assert_eq!(plan(0, 0, Some(u64::MAX)), 1);
        assert_eq!(plan(2, 100, None), 2);
    }

    #[test]
    fn the_system_tells_what_is_available() {
        let available = available_bytes();
        assert!(!cfg!(target_os = "linux") || available.is_some_and(|bytes| bytes > 1 << 20));
    }
}
