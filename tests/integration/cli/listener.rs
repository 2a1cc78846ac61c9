//! Somebody who listens on loopback: keeps what is sent, and answers as the story says, or never.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut all = self.headers.iter();
        let found = all.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Listens until the process ends.
pub(crate) struct Listener {
    pub(crate) url: String,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Listener {
    /// Answers with a status and a body, made of the request; `None` never answers.
    pub(crate) fn answering(
        answer: impl Fn(&Sent) -> Option<(u16, String)> + Send + Sync + 'static,
    ) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let sent: Arc<Mutex<Vec<Sent>>> = Arc::default();
        let (keeps, answer) = (Arc::clone(&sent), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in socket.incoming() {
                let (keeps, answer) = (Arc::clone(&keeps), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream.unwrap(), &keeps, &*answer));
            }
        });
        Self { url, sent }
    }

    /// At a port where nobody listens.
    pub(crate) fn gone() -> Self {
        Self {
            url: "http://127.0.0.1:9".into(),
            sent: Arc::default(),
        }
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    keeps: &Mutex<Vec<Sent>>,
    answer: &(impl Fn(&Sent) -> Option<(u16, String)> + ?Sized),
) {
    let mut unread = Vec::new();
    while let Some(sent) = request(&mut stream, &mut unread) {
        keeps.lock().unwrap().push(sent.clone());
        let Some((status, body)) = answer(&sent) else {
            // Held open and never answered, until the other side goes.
            let _ = stream.read(&mut [0; 1]);
            return;
        };
        let head = format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream
            .write_all(format!("{head}{body}").as_bytes())
            .is_err()
        {
            return;
        }
    }
}

fn request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Sent> {
    let end = loop {
        if let Some(end) = unread.windows(4).position(|part| part == b"\r\n\r\n") {
            break end;
        }
        read_more(stream, unread)?;
    };
    let head = String::from_utf8(unread.drain(..end + 4).collect()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let mut sent = Sent {
        line,
        headers,
        body: String::new(),
    };
    let length: usize = sent.header("content-length").parse().unwrap_or(0);
    while unread.len() < length {
        read_more(stream, unread)?;
    }
    sent.body = String::from_utf8(unread.drain(..length).collect()).unwrap();
    Some(sent)
}

fn read_more(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<()> {
    let mut part = [0; 4096];
    let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
    unread.extend_from_slice(&part[..count]);
    Some(())
}
