//! Rules in the format of `pg_hba.conf`: the first that matches decides.
//!
//! ```text
//! # type    database  user       address        method
//! host      all       all        127.0.0.1/32   trust
//! hostssl   lake      all        10.0.0.0/8     scram-sha-256
//! host      all       mallory    all            reject
//! ```
//!
//! Types are `host`, `hostssl`, `hostnossl` and `local`; names are single or lists with commas, `all`,
//! and for a database `sameuser`; addresses are CIDR, a bare address, `all` or `loopback`.

use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;

use super::Candidate;
use crate::error::{Error, ErrorKind, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Within the machine, without an address.
    Local,
    /// Encrypted or not.
    Any,
    Tls,
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Whoever comes is who they say.
    Trust,
    /// SCRAM-SHA-256.
    Scram,
    Reject,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Addresses {
    All,
    Loopback,
    Net(IpNet),
}

#[derive(Debug, Clone)]
struct Rule {
    transport: Transport,
    databases: Vec<String>,
    users: Vec<String>,
    addresses: Addresses,
    method: Method,
}

#[derive(Debug, Clone)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Without users loopback is trusted; with users everyone needs a password.
    pub fn default_for(has_users: bool) -> Self {
        let all = || vec!["all".to_string()];
        let rule = |transport, addresses, method| Rule {
            transport,
            databases: all(),
            users: all(),
            addresses,
            method,
        };
        let method = if has_users { Method::Scram } else { Method::Trust };
        let mut rules = vec![
            rule(Transport::Local, Addresses::All, method),
            rule(Transport::Any, Addresses::Loopback, method),
        ];
        if has_users {
            rules.push(rule(Transport::Tls, Addresses::All, Method::Scram));
        }
        Self(rules)
    }

    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = format!("cannot read the rules in {}: {error}", path.display());
            Error::new(ErrorKind::InvalidParameter, message)
        })?;
        Self::parse(&text).map_err(|(line, message)| {
            let message = format!("{}, line {line}: {message}", path.display());
            Error::new(ErrorKind::InvalidParameter, message)
        })
    }

    fn parse(text: &str) -> std::result::Result<Self, (usize, String)> {
        let mut rules = Vec::new();
        for (n, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
            if !words.is_empty() {
                rules.push(parse_rule(&words).map_err(|message| (n + 1, message))?);
            }
        }
        Ok(Self(rules))
    }

    /// Whether a rule lets clients of other machines in without a password.
    pub fn trusts_strangers(&self) -> bool {
        self.0.iter().any(|rule| {
            let strangers = match &rule.addresses {
                Addresses::All => rule.transport != Transport::Local,
                Addresses::Loopback => false,
                Addresses::Net(net) => !(net.network().is_loopback() && net.broadcast().is_loopback()),
            };
            rule.method == Method::Trust && strangers
        })
    }

    pub fn find(&self, candidate: Candidate<'_>) -> Option<Method> {
        self.0.iter().find(|rule| rule.matches(candidate)).map(|rule| rule.method)
    }
}

impl Rule {
    fn matches(&self, candidate: Candidate<'_>) -> bool {
        let transport = match (self.transport, candidate.address) {
            (Transport::Local, address) => address.is_none(),
            (_, None) => false,
            (Transport::Any, Some(_)) => true,
            (Transport::Tls, Some(_)) => candidate.encrypted,
            (Transport::Plain, Some(_)) => !candidate.encrypted,
        };
        let database = self.databases.iter().any(|name| match name.as_str() {
            "all" => true,
            "sameuser" => candidate.database == candidate.user,
            name => name == candidate.database,
        });
        let user = self.users.iter().any(|name| name == "all" || name == candidate.user);
        transport && database && user && self.matches_address(candidate.address)
    }

    fn matches_address(&self, address: Option<IpAddr>) -> bool {
        // A client over IPv4 that came to an IPv6 socket still is one over IPv4.
        match (&self.addresses, address.map(|address| address.to_canonical())) {
            (Addresses::All, _) | (_, None) => true,
            (Addresses::Loopback, Some(address)) => address.is_loopback(),
            (Addresses::Net(net), Some(address)) => net.contains(&address),
        }
    }
}

fn parse_rule(words: &[&str]) -> std::result::Result<Rule, String> {
    let transport = match words.first().copied().unwrap_or_default() {
        "local" => Transport::Local,
        "host" => Transport::Any,
        "hostssl" => Transport::Tls,
        "hostnossl" => Transport::Plain,
        other => return Err(format!("\"{other}\" is none of local, host, hostssl, hostnossl")),
    };
    let (databases, users, addresses, method) = match (transport, words) {
        (Transport::Local, [_, databases, users, method]) => (databases, users, Addresses::All, method),
        (Transport::Local, _) => return Err("a local rule has a type, database, user, method".into()),
        (_, [_, databases, users, address, method]) => (databases, users, parse_addresses(address)?, method),
        _ => return Err("a rule has a type, database, user, address and method".into()),
    };
    let method = match *method {
        "trust" => Method::Trust,
        "scram-sha-256" => Method::Scram,
        "reject" => Method::Reject,
        other => return Err(format!("method \"{other}\" is none of trust, scram-sha-256, reject")),
    };
    let names = |list: &str| list.split(',').map(|name| name.trim_matches('"').to_string()).collect();
    Ok(Rule { transport, databases: names(databases), users: names(users), addresses, method })
}

fn parse_addresses(text: &str) -> std::result::Result<Addresses, String> {
    match text {
        "all" => Ok(Addresses::All),
        "loopback" => Ok(Addresses::Loopback),
        text => {
            let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            net.map(Addresses::Net).ok_or_else(|| format!("\"{text}\" is no address"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const RULES: &str = "
        # who may come in
        host      all        mallory  all            reject
        hostssl   lake,other all      10.0.0.0/8     scram-sha-256
        host      sameuser   all      192.168.1.7    scram-sha-256
        hostnossl all        all      ::1/128        trust   # here
    ";

    fn find(address: &str, encrypted: bool, user: &str, database: &str) -> Option<Method> {
        let address = Some(address.parse().unwrap());
        Rules::parse(RULES).unwrap().find(Candidate { address, encrypted, user, database })
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        assert_eq!(find("10.1.2.3", true, "mallory", "lake"), Some(Method::Reject));
        assert_eq!(find("10.1.2.3", true, "alice", "other"), Some(Method::Scram));
        assert_eq!(find("10.1.2.3", false, "alice", "lake"), None);
        assert_eq!(find("10.1.2.3", true, "alice", "third"), None);
        assert_eq!(find("192.168.1.7", false, "bob", "bob"), Some(Method::Scram));
        assert_eq!(find("192.168.1.8", false, "bob", "bob"), None);
        assert_eq!(find("::1", false, "bob", "lake"), Some(Method::Trust));
        assert_eq!(find("::1", true, "bob", "lake"), None);
        assert_eq!(find("::ffff:10.1.2.3", true, "alice", "lake"), Some(Method::Scram));
    }

    #[test]
    fn mistakes_are_found_with_their_line() {
        for (text, line) in [
            ("host all all all trust\nhots all all all trust", 2),
            ("host all all trust", 1),
            ("host all all 10.0.0.0/33 trust", 1),
            ("host all all all md5", 1),
            ("local all all all trust", 1),
        ] {
            assert_eq!(Rules::parse(text).unwrap_err().0, line, "{text}");
        }
    }

    #[test]
    fn trust_of_strangers_is_seen() {
        let trusts = |rule: &str| Rules::parse(rule).unwrap().trusts_strangers();
        assert!(trusts("host all all all trust"));
        assert!(trusts("host all all 127.0.0.0/1 trust"));
        assert!(!trusts("host all all 127.0.0.1 trust"));
        assert!(!trusts("host all all loopback trust"));
        assert!(!trusts("local all all trust"));
        assert!(!trusts("host all all all scram-sha-256"));
    }
}
