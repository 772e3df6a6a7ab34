//! The seccomp wall: system calls that a server never makes, and that would help somebody who has
//! taken it over.
//!
//! The policy is the opposite of that for the model's process: what is not listed is allowed. The
//! server uses much of the system by way of its libraries, and a call that is missing on a list of what
//! is allowed would fail on some machine only, in the middle of a conversation. What is listed fails
//! with `EPERM`, and does not end the process.
//!
//! Sources: the manual pages of the calls; what Docker's default profile denies; `strace` of a load and
//! an answer, in debug and release.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::process;

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Op,
    SeccompCondition as Condition, SeccompFilter, SeccompRule, TargetArch,
};

/// Calls that are denied with any arguments.
const DENIED: &[c_long] = &[
    // Other processes: reading, changing, tracing and signalling them; see also `rules`.
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_tkill,
    // File systems and namespaces.
    libc::SYS_chroot,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_pivot_root,
    libc::SYS_quotactl,
    libc::SYS_setns,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_umount2,
    libc::SYS_unshare,
    // Landlock does not know this one before Linux 6.2. SQLite uses `ftruncate`.
    libc::SYS_truncate,
    // Parts of the kernel that had many faults, and that no server needs.
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_keyctl,
    libc::SYS_perf_event_open,
    libc::SYS_request_key,
    libc::SYS_userfaultfd,
    // The machine.
    libc::SYS_acct,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_kexec_load,
    libc::SYS_lookup_dcookie,
    libc::SYS_reboot,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_settimeofday,
    libc::SYS_syslog,
    libc::SYS_vhangup,
];

/// Calls of this processor's Linux in addition.
#[cfg(target_arch = "x86_64")]
const DENIED_HERE: &[c_long] =
    &[libc::SYS_ioperm, libc::SYS_iopl, libc::SYS_kexec_file_load, libc::SYS_modify_ldt];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_HERE: &[c_long] = &[];

/// Calls that start a program or a process.
const PROGRAMS: &[c_long] = &[libc::SYS_execve, libc::SYS_execveat];
#[cfg(target_arch = "x86_64")]
const PROCESSES_HERE: &[c_long] = &[libc::SYS_fork, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const PROCESSES_HERE: &[c_long] = &[];

/// The first system call of the x32 interface, by which a 64-bit program reaches most calls under a
/// second number. Source: `__X32_SYSCALL_BIT` in linux/unistd.h.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

/// Filters the system calls of this thread, and of those that it starts. Programs are denied only if
/// another process starts them. Describes why there is no filter.
pub(super) fn filter(denies_programs: bool, has_unix_sockets: bool) -> Result<(), String> {
    let programs = programs(denies_programs, has_unix_sockets);
    for program in &programs.map_err(|error| error.to_string())? {
        seccompiler::apply_filter(program).map_err(|error| chain(&error))?;
    }
    Ok(())
}

/// The filters. The kernel runs all of them for each call and obeys the strictest one.
fn programs(
    denies_programs: bool,
    has_unix_sockets: bool,
) -> Result<Vec<BpfProgram>, BackendError> {
    let arch: TargetArch = ARCH.try_into()?;
    let filter = |rules, errno: i32| {
        let action = SeccompAction::Errno(errno.unsigned_abs());
        SeccompFilter::new(rules, SeccompAction::Allow, action, arch)?.try_into()
    };
    // The flags of `clone3` are in memory, which a filter cannot read. With this error the C
    // library uses `clone` instead, whose flags are checked.
    let clone3 = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let mut all = vec![filter(clone3, libc::ENOSYS)?];
    #[cfg(target_arch = "x86_64")]
    all.push(no_second_numbers());
    all.push(filter(rules(denies_programs, has_unix_sockets)?, libc::EPERM)?);
    Ok(all)
}

/// What is denied. A call with several rules is denied if one of them matches.
fn rules(
    denies_programs: bool,
    has_unix_sockets: bool,
) -> Result<BTreeMap<c_long, Vec<SeccompRule>>, BackendError> {
    let mut whole = [DENIED, DENIED_HERE].concat();
    if denies_programs {
        whole.extend([PROGRAMS, PROCESSES_HERE].concat());
    }
    let mut rules: BTreeMap<_, _> = whole.into_iter().map(|call| (call, Vec::new())).collect();
    let mut deny = |call, conditions| {
        let rule = SeccompRule::new(conditions)?;
        rules.entry(call).or_insert_with(Vec::new).push(rule);
        Ok::<_, BackendError>(())
    };

    // New threads, but no new processes and namespaces.
    if denies_programs {
        deny(libc::SYS_clone, vec![bits(0, libc::CLONE_THREAD, 0)?])?;
    }
    let namespaces = [
        libc::CLONE_NEWNS,
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
    ];
    for namespace in namespaces {
        deny(libc::SYS_clone, vec![bits(0, namespace, namespace)?])?;
    }
    // Signals, but to itself.
    let itself = || argument(0, Op::Ne, process::id().into());
    let signals =
        [libc::SYS_kill, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo, libc::SYS_tgkill];
    for call in signals {
        deny(call, vec![itself()?])?;
    }
    // Sockets of other kinds than the internet's and, for the addresses of this machine, the kernel's.
    let mut families = vec![libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    if has_unix_sockets {
        families.push(libc::AF_UNIX);
    }
    let others = families.iter().map(|family| argument(0, Op::Ne, family.unsigned_abs().into()));
    deny(libc::SYS_socket, others.collect::<Result<_, _>>()?)?;
    // Landlock's rules for ports do not hold for these.
    for protocol in [libc::IPPROTO_SCTP, libc::IPPROTO_MPTCP] {
        deny(libc::SYS_socket, vec![argument(2, Op::Eq, protocol.unsigned_abs().into())?])?;
    }
    // Sending may connect a socket of TCP as well, which Landlock overlooked at first.
    let fast_open = libc::MSG_FASTOPEN;
    for (call, flags) in [(libc::SYS_sendto, 3), (libc::SYS_sendmsg, 2), (libc::SYS_sendmmsg, 3)] {
        deny(call, vec![bits(flags, fast_open, fast_open)?])?;
    }
    // Keys that are typed into the terminal from which the server was started.
    for command in [libc::TIOCSTI, libc::TIOCLINUX] {
        deny(libc::SYS_ioctl, vec![argument(1, Op::Eq, command)?])?;
    }
    let dumpable = libc::PR_SET_DUMPABLE.unsigned_abs().into();
    deny(libc::SYS_prctl, vec![argument(0, Op::Eq, dumpable)?])?;
    Ok(rules)
}

/// The argument at `index`, of which 32 bits count, compares like this with `value`.
fn argument(index: u8, op: Op, value: u64) -> Result<Condition, BackendError> {
    Condition::new(index, Length::Dword, op, value)
}

/// Of the bits in `mask`, the argument at `index` has exactly those of `value`.
fn bits(index: u8, mask: i32, value: i32) -> Result<Condition, BackendError> {
    let (mask, value) = (u64::from(mask.cast_unsigned()), u64::from(value.cast_unsigned()));
    argument(index, Op::MaskedEq(mask), value)
}

/// A filter for which a call with a second number does not exist. The library has no condition on
/// numbers, so these are the kernel's own instructions. Source: seccomp(2), linux/bpf_common.h.
#[cfg(target_arch = "x86_64")]
fn no_second_numbers() -> BpfProgram {
    use seccompiler::sock_filter;
    const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    const IF_AT_LEAST: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
    const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
    let does_not_exist = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
    let program = [
        // The number of the call is the first field of `seccomp_data`.
        (LOAD, 0, 0),
        (IF_AT_LEAST, 1, X32),
        (RETURN, 0, libc::SECCOMP_RET_ALLOW),
        (RETURN, 0, does_not_exist),
    ];
    let instruction = |(code, jt, k): (u32, u8, u32)| sock_filter {
        code: u16::try_from(code).expect("the codes have 16 bits"),
        jt,
        jf: 0,
        k,
    };
    program.map(instruction).to_vec()
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |line, source| format!("{line}: {source}"))
}
