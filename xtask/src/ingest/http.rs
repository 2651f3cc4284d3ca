//! As much of HTTP as the load needs: one connection that is kept, requests with a body, answers with a length.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// A connection to the server.
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    pub(super) fn open(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host).with_context(|| format!("cannot connect to {host}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        Ok(Self { stream: BufReader::new(stream), host: host.to_owned() })
    }

    /// Posts a batch of events.
    pub(super) fn post(&mut self, path: &str, body: &str) -> Result<String> {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n",
            self.host
        );
        ok(self.exchange(&[head.as_bytes(), body.as_bytes()].concat())?)
    }

    /// Reads what a path holds.
    pub(super) fn get(&mut self, path: &str, key: &str) -> Result<String> {
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {key}\r\n\r\n", self.host);
        ok(self.exchange(head.as_bytes())?)
    }

    /// Reads what a path holds that anybody may read, whatever the status.
    pub(super) fn get_any(&mut self, path: &str) -> Result<String> {
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
        Ok(self.exchange(head.as_bytes())?.1)
    }

    /// Sends a request; the answer's first line and body.
    fn exchange(&mut self, request: &[u8]) -> Result<(String, String)> {
        self.stream.get_mut().write_all(request)?;
        let status = self.line()?;
        let mut length = 0;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().context("an answer's content-length is no number")?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, String::from_utf8(body)?))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(line.trim_end().to_owned())
    }
}

fn ok((status, body): (String, String)) -> Result<String> {
    if !status.starts_with("HTTP/1.1 200") {
        bail!("the server answered {status}: {body}");
    }
    Ok(body)
}
