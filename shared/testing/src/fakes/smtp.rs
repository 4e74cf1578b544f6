//! A mail relay: takes mails over SMTP and keeps them. Faults can be scripted mail by mail.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the next mail meets instead of being taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The recipient is refused with this line, such as `550 5.1.1 no such user`.
    Recipient(String),
    /// The text is refused after it was sent.
    Text(String),
    /// The text is taken, and the connection ends without an answer.
    Silence,
}

/// A mail that arrived.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The envelope's recipient.
    pub to: String,
    /// As it came, headers first.
    pub raw: String,
}

impl Mail {
    /// The text, decoded.
    ///
    /// # Panics
    /// When the mail has none.
    pub fn text(&self) -> String {
        let (_, body) = self.raw.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no text in {}", self.raw));
        quoted_printable(body)
    }

    /// A header's value, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.raw.split_once("\r\n\r\n")?;
        let unfolded = head.replace("\r\n ", " ");
        let start = format!("{}:", name.to_ascii_lowercase());
        let line = unfolded.lines().find(|line| line.to_ascii_lowercase().starts_with(&start))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    }
}

fn quoted_printable(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let mut bytes = Vec::with_capacity(joined.len());
    let mut rest = joined.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'=' {
            bytes.push(byte);
            continue;
        }
        let digits: Vec<u8> = rest.by_ref().take(2).collect();
        let digits = String::from_utf8_lossy(&digits).into_owned();
        bytes.extend(u8::from_str_radix(&digits, 16).ok());
    }
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
}

#[derive(Debug, Default)]
struct State {
    mails: Vec<Mail>,
    faults: VecDeque<Fault>,
}

/// A running relay.
#[derive(Debug, Clone)]
pub struct Smtp {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Smtp {
    /// Starts one on a free port; it ends with the process.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let relay = Self { address: listener.local_addr()?, state: Arc::default() };
        let state = Arc::clone(&relay.state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                std::thread::spawn(move || {
                    // Whoever hangs up has what it wanted.
                    let _ = talk(&stream, &state);
                });
            }
        });
        Ok(relay)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The mails that arrived, the oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.lock().mails.clone()
    }

    /// Lets the next mail meet this.
    pub fn next(&self, fault: Fault) {
        self.lock().faults.push_back(fault);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn talk(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut out = stream;
    let mut lines = BufReader::new(stream);
    let mut say = |line: &str| out.write_all(format!("{line}\r\n").as_bytes());
    say("220 testkit")?;
    let (mut to, mut fault) = (String::new(), None);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let verb = line.trim().to_ascii_uppercase();
        match verb.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" | "HELO" => say("250 testkit")?,
            "MAIL" => {
                fault = state.lock().unwrap_or_else(PoisonError::into_inner).faults.pop_front();
                say("250 2.1.0 ok")?;
            }
            "RCPT" => match &fault {
                Some(Fault::Recipient(answer)) => say(answer)?,
                _ => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    say("250 2.1.5 ok")?;
                }
            },
            "DATA" => {
                say("354 go on")?;
                let mut raw = String::new();
                loop {
                    let mut line = String::new();
                    if lines.read_line(&mut line)? == 0 {
                        return Ok(());
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                match &fault {
                    Some(Fault::Text(answer)) => say(answer)?,
                    refused => {
                        let silent = *refused == Some(Fault::Silence);
                        let mail = Mail { to: to.clone(), raw };
                        state.lock().unwrap_or_else(PoisonError::into_inner).mails.push(mail);
                        if silent {
                            return Ok(());
                        }
                        say("250 2.0.0 ok: queued as 1")?;
                    }
                }
            }
            "QUIT" => {
                say("221 bye")?;
                return Ok(());
            }
            _ => say("250 ok")?,
        }
    }
}
