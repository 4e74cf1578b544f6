//! Chooses the ports of the local stack: the remembered ones if they are still free, else the usual, else any.

use std::net::{Ipv4Addr, TcpListener};

use serde::{Deserialize, Serialize};

/// One port for each server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// The stable address in front of the API.
    pub gateway: u16,
    /// The AWS stand-in.
    pub aws: u16,
    /// Postgres.
    pub postgres: u16,
    /// Postgres for tests.
    pub test_postgres: u16,
    /// The partners' stand-ins.
    pub stand_ins: u16,
    /// The mail catcher's SMTP.
    pub smtp: u16,
    /// The mail catcher's page.
    pub mail_page: u16,
}

/// Where the search for a port begins, the first time.
const USUAL: Ports = Ports {
    gateway: 4000,
    aws: 4566,
    postgres: 5442,
    test_postgres: 5443,
    stand_ins: 4010,
    smtp: 1025,
    mail_page: 1080,
};

impl Ports {
    /// Keeps every remembered port that is free or held by ourselves, and finds new ones for the rest.
    ///
    /// `ours` says whether the server of that name runs already; its port is then kept unseen.
    pub fn choose(remembered: Option<&Self>, ours: impl Fn(&str) -> bool) -> Self {
        Self::choose_among(remembered, ours, free)
    }

    fn choose_among(remembered: Option<&Self>, ours: impl Fn(&str) -> bool, free: impl Fn(u16) -> bool) -> Self {
        let mut chosen: Vec<u16> = Vec::new();
        let mut pick = |name: &str, of: fn(&Self) -> u16| {
            let known = remembered.map(of);
            let port = match known {
                Some(port) if ours(name) => port,
                _ => {
                    let first = known.unwrap_or(of(&USUAL));
                    let near = (0..50).filter_map(|step| first.checked_add(step));
                    let found = near.chain(of(&USUAL)..u16::MAX).find(|port| !chosen.contains(port) && free(*port));
                    found.unwrap_or(first)
                }
            };
            chosen.push(port);
            port
        };
        Self {
            gateway: pick("gateway", |ports| ports.gateway),
            aws: pick("aws", |ports| ports.aws),
            postgres: pick("postgres", |ports| ports.postgres),
            test_postgres: pick("test-postgres", |ports| ports.test_postgres),
            stand_ins: pick("stand-ins", |ports| ports.stand_ins),
            smtp: pick("mail", |ports| ports.smtp),
            mail_page: pick("mail", |ports| ports.mail_page),
        }
    }
}

/// Whether nobody listens on the loopback port.
fn free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_ports_when_all_are_free() {
        assert_eq!(Ports::choose_among(None, |_| false, |_| true), USUAL);
    }

    #[test]
    fn a_taken_port_gives_way_to_the_next() {
        let ports = Ports::choose_among(None, |_| false, |port| port != USUAL.aws);
        assert_eq!(ports.aws, USUAL.aws + 1);
        assert_eq!(ports.gateway, USUAL.gateway);
    }

    #[test]
    fn no_two_servers_share_a_port() {
        let ports = Ports::choose_among(None, |_| false, |port| port != USUAL.postgres);
        assert_eq!((ports.postgres, ports.test_postgres), (USUAL.test_postgres, USUAL.test_postgres + 1));
    }

    #[test]
    fn our_own_running_server_keeps_its_port() {
        let mut remembered = USUAL;
        remembered.aws = 9000;
        let ports = Ports::choose_among(Some(&remembered), |name| name == "aws", |port| port != 9000);
        assert_eq!(ports.aws, 9000);
    }

    #[test]
    fn a_remembered_port_taken_by_somebody_else_is_left_to_them() {
        let mut remembered = USUAL;
        remembered.aws = 9000;
        assert_eq!(Ports::choose_among(Some(&remembered), |_| false, |port| port != 9000).aws, 9001);
    }
}
