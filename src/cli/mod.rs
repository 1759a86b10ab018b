//! The command line: what was typed ([`args`]), what it means ([`invocation`]), and doing it.

mod args;
mod config;
mod error;
mod invocation;
mod one_shot;
mod run;
mod serve;
mod size;

pub use run::main;

#[cfg(test)]
mod tests;
