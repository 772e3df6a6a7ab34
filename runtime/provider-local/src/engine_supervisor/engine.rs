//! The part of the supervisor that starts the engine's process, handles its messages and ends it.

use std::path::{Path, absolute};
use std::thread::available_parallelism;
use std::time::Duration;

use engine_wire::{Failure, FromChild, JobId, Load, PROTOCOL, Sandbox, ToChild};
use protocol::Error;
use provider::Shown;
use tokio::time::Instant;

use super::super::config::Threads;
use super::super::process::{Ended, Process};
use super::super::{Engine, failure};
use super::{EngineSupervisor, Output};

/// How long a model may take to load, even from a slow disk.
const LOAD: Duration = Duration::from_secs(600);
/// How long reading the model file's head may take; a sleeping disk wakes up within that time.
/// The supervisor does nothing else meanwhile, so this is shorter than the time that an orderly
/// shutdown of the server waits.
const LOOK: Duration = Duration::from_secs(5);
/// How long the child may take to obey a stop before it is killed.
const STOP: Duration = Duration::from_secs(2);

pub(super) struct Running {
    pub(super) process: Process,
    /// The name of the model that is loaded or being loaded.
    pub(super) model: String,
    pub(super) phase: Phase,
}

pub(super) enum Phase {
    Loading {
        by: Instant,
    },
    /// Ready for requests; idle since `since`.
    Ready {
        since: Instant,
        window_tokens: u32,
    },
}

/// Logs the walls around the child, and warns of each that is missing.
fn log_sandbox(sandbox: &Sandbox) {
    let Sandbox { in_force, missing, single } = sandbox;
    let (in_force, single) = (in_force.join(", "), single.join(", "));
    tracing::info!(in_force, lacks = single, "the model's process is in its sandbox");
    for wall in missing {
        tracing::warn!(
            wall,
            "the sandbox of the model's process lacks a wall, so a malicious model file could do more harm"
        );
    }
}

/// Receives the child's next message. Cancel safe.
pub(super) async fn hear(running: &mut Option<Running>) -> Option<FromChild> {
    running.as_mut()?.process.hear().await
}

impl EngineSupervisor {
    /// Starts a child with `model` unless one is running. A child with another model is ended
    /// first, so that there are never two models in memory. If the file of `model` cannot be used
    /// at all, the other child keeps running.
    pub(super) async fn ensure_running(&mut self, model: &str) -> Result<(), Error> {
        let model = if model.is_empty() { self.config.model.clone() } else { model.to_owned() };
        if self.running.as_ref().is_some_and(|running| running.model == model) {
            return Ok(());
        }
        let (catalog, name) = (self.catalog.clone(), model.clone());
        // Reading from a slow disk must not block the async threads.
        let checked = tokio::task::spawn_blocking(move || match catalog.has(&name) {
            true => catalog.file(&name, LOOK),
            false => Err(failure::gone(&name)),
        });
        let file = checked.await.unwrap_or_else(|_| Err(failure::crashed()))?;
        let load = ToChild::Load(self.load(&file)?);
        if self.running.is_some() {
            tracing::info!(%model, "the local model is unloaded, because another one is needed");
            // It is killed rather than asked to leave: it has no job, and may be in the middle of a
            // load.
            self.end_process(Process::kill).await;
        }
        let process = Process::start(&self.config).await.map_err(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the model's process cannot be started"
            );
            failure::crashed()
        })?;
        // Cannot fail: the channel is new.
        let _ = process.tell(load);
        let pid = process.pid();
        tracing::info!(pid, %model, "the local model is being loaded");
        let phase = Phase::Loading { by: Instant::now() + LOAD };
        self.running = Some(Running { process, model, phase });
        self.state.send_replace(Engine::Loading { pid });
        Ok(())
    }

    fn load(&self, file: &Path) -> Result<Load, Error> {
        let config = &self.config;
        let model_file = absolute(file).ok();
        let model_file = model_file.as_deref().and_then(|file| file.to_str());
        let cores =
            available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        let threads = Threads::new(cores, config.threads, config.prompt_threads);
        Ok(Load {
            model_file: model_file.ok_or_else(failure::path)?.to_owned(),
            context_tokens: config.context_tokens,
            conversations: config.cached_conversations,
            threads: threads.answer,
            prompt_threads: threads.prompt,
            reserve_tokens: config.reserve_tokens,
            max_answer_tokens: config.max_answer_tokens,
            require_sandbox: config.require_sandbox,
        })
    }

    pub(super) async fn heard(&mut self, message: FromChild) {
        match message {
            FromChild::Hello { protocol } if protocol == PROTOCOL => {}
            FromChild::Hello { protocol } => {
                tracing::error!(%protocol, expected = PROTOCOL, "the model's process is from another build of the program");
                self.end_process(Process::kill).await;
                self.finish(Output::Failed(failure::crashed()));
            }
            FromChild::Sandboxed(sandbox) => log_sandbox(&sandbox),
            FromChild::Loaded { window_tokens, conversations, load_ms } => {
                let cached_conversations = conversations;
                tracing::info!(
                    window_tokens,
                    cached_conversations,
                    load_ms,
                    "the local model is ready"
                );
                if let Some(running) = &mut self.running {
                    running.phase = Phase::Ready { since: Instant::now(), window_tokens };
                    let pid = running.process.pid();
                    let ready = Engine::Ready { pid, window_tokens, cached_conversations };
                    self.state.send_replace(ready);
                }
                self.send_current().await;
            }
            FromChild::NotLoaded { why, detail } => {
                tracing::error!(?why, detail, "the local model cannot be loaded");
                let loaded = self.running.as_ref().map(|running| running.model.clone());
                self.end_process(Process::reap).await;
                let failed = self.said_of(loaded.as_ref(), failure::not_loaded(why));
                self.finish(Output::Failed(failed));
            }
            FromChild::Began { job, left_out, rendered, reasoning } => {
                self.output(job, |window_tokens, cut| {
                    Output::Asking(Shown {
                        left_out: left_out.saturating_add(cut),
                        window_tokens,
                        reasoning,
                        rendered: Some(rendered),
                        ..Shown::default()
                    })
                });
                self.output(job, |_, _| Output::Began);
            }
            FromChild::Reading { job, progress } => {
                self.output(job, |_, _| Output::Reading(progress));
            }
            FromChild::Text { job, text } => self.output(job, |_, _| Output::Text(text)),
            FromChild::Reasoning { job, text } => self.output(job, |_, _| Output::Reasoning(text)),
            FromChild::TextWasReasoning { job } => {
                self.output(job, |_, _| Output::TextWasReasoning);
            }
            FromChild::Finished { job, finish, usage } => {
                self.finish_job(job, Output::Finished { finish, usage: Some(usage) });
            }
            FromChild::Failed { job, why } => {
                if let Failure::Template { detail } | Failure::Engine { detail } = &why {
                    tracing::error!(detail, "the local model failed");
                }
                self.finish_job(job, Output::Failed(failure::of_job(&why)));
            }
            FromChild::Halted { job } => self.finish_job(job, Output::Halted),
        }
    }

    /// The error for a model. For a model of the folder, the advice is changed to fit.
    fn said_of(&self, model: Option<&String>, error: Error) -> Error {
        if model == Some(&self.config.model) { error } else { failure::of_folder(error) }
    }

    /// Sends an output of the current job to its turn, unless the turn was stopped. `make` gets the
    /// window and the number of messages that were left out before.
    fn output(&mut self, job: JobId, make: impl FnOnce(Option<u32>, u32) -> Output) {
        let window_tokens = self.running.as_ref().and_then(|running| match running.phase {
            Phase::Ready { window_tokens, .. } => Some(window_tokens),
            Phase::Loading { .. } => None,
        });
        if let Some(current) = &mut self.current
            && current.job == job
            && current.stop_by.is_none()
        {
            let cut = current.cut;
            current.output(make(window_tokens, cut));
        }
    }

    fn finish_job(&mut self, job: JobId, last: Output) {
        if self.current.as_ref().is_some_and(|current| current.job == job) {
            self.finish(last);
        }
    }

    /// The turn was stopped. A job that was not sent to the child yet ends at once; the model that
    /// is loading is used for the next job.
    pub(super) fn stop_current(&mut self) {
        let Some(current) = &mut self.current else { return };
        let job = current.job;
        let sent = current.unsent.is_none();
        match &self.running {
            Some(running) if sent => {
                current.stop(STOP);
                // A child that does not obey is killed after [`STOP`].
                let _ = running.process.tell(ToChild::Stop { job });
            }
            _ => self.finish(Output::Halted),
        }
    }

    /// The child ended, or closed its pipe, without having been asked to.
    pub(super) async fn ended_by_itself(&mut self) {
        if let Some(Ended { status, last_words }) = self.end_process(Process::reap).await {
            tracing::error!(?status, last_words, "the model's process ended unexpectedly");
        }
        let stopped = self.current.as_ref().is_some_and(|current| current.stop_by.is_some());
        self.finish(if stopped { Output::Halted } else { Output::Failed(failure::crashed()) });
    }

    pub(super) async fn deadline_passed(&mut self) {
        let now = Instant::now();
        if self.current.as_ref().and_then(|current| current.stop_by).is_some_and(|by| by <= now) {
            tracing::warn!("the model's process does not stop and is killed");
            self.end_process(Process::kill).await;
            return self.finish(Output::Halted);
        }
        match self.running.as_ref().map(|running| &running.phase) {
            Some(Phase::Loading { by }) if *by <= now => {
                tracing::error!("the local model takes too long to load");
                self.end_process(Process::kill).await;
                self.finish(Output::Failed(failure::crashed()));
            }
            Some(Phase::Ready { .. }) if self.current.is_none() => {
                tracing::info!("the local model is unloaded, because it is idle");
                self.end_process(Process::leave).await;
            }
            _ => {}
        }
    }

    /// Ends the child with `end` and waits for it, so that no process is left behind.
    pub(super) async fn end_process<F>(&mut self, end: impl FnOnce(Process) -> F) -> Option<Ended>
    where
        F: Future<Output = Ended>,
    {
        let running = self.running.take()?;
        let ended = end(running.process).await;
        self.state.send_replace(Engine::Off);
        Some(ended)
    }
}
