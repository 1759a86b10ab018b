//! The command line: what was typed ([`args`]), what it means ([`invocation`]), and doing it.

mod args;
mod config;
mod error;
mod hidden;
mod invocation;
mod one_shot;
mod run;
mod serve;
mod size;
mod user;

pub use run::main;

#[cfg(test)]
mod tests;
