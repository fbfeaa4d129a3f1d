//! A database with a law that any torn copy breaks: money moves, and none is made.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use windlass_capture::{Source, SqliteDatabase};

pub(crate) const ACCOUNTS: i64 = 400;
pub(crate) const MONEY: i64 = ACCOUNTS * 100;

pub(crate) fn make(path: &Path, journal: &str) {
    let bank = connect(path);
    bank.pragma_update(None, "journal_mode", journal).unwrap();
    bank.execute_batch(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, money INTEGER NOT NULL, note TEXT NOT NULL);
         CREATE INDEX account_note ON account (note);
         CREATE TABLE log (writer INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (writer, seq));",
    )
    .unwrap();
    bank.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         INSERT INTO account SELECT i, 100, printf('%0120d', i) FROM n",
        [ACCOUNTS],
    )
    .unwrap();
}

pub(crate) fn connect(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(20)).unwrap();
    // Power cuts are not what these tests are about. Small logs, so that checkpoints fall into many copies.
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 20").unwrap();
    connection
}

/// One commit: eight payments and a line in the log.
pub(crate) fn pay(bank: &mut Connection, writer: i64, seq: i64) {
    let commit = bank.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    for payment in 0..8 {
        let (from, to) = ((seq * 7 + payment * 31) % ACCOUNTS + 1, (seq * 13 + payment * 17 + writer) % ACCOUNTS + 1);
        let note = format!("{:0120}", seq * 1000 + payment);
        commit.execute("UPDATE account SET money = money - 1, note = ?2 WHERE id = ?1", (from, &note)).unwrap();
        commit.execute("UPDATE account SET money = money + 1 WHERE id = ?1", [to]).unwrap();
    }
    commit.execute("INSERT INTO log VALUES (?1, ?2)", (writer, seq)).unwrap();
    // Keeps the file small, and makes free pages.
    commit.execute("DELETE FROM log WHERE writer = ?1 AND seq < ?2", (writer, seq - 40)).unwrap();
    commit.commit().unwrap();
}

/// The last commit of every writer.
pub(crate) fn last_commits(bank: &Connection) -> Vec<(i64, i64)> {
    let mut statement = bank.prepare("SELECT writer, max(seq) FROM log GROUP BY writer ORDER BY writer").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

pub(crate) fn money(bank: &Connection) -> i64 {
    bank.query_row("SELECT sum(money) FROM account", [], |row| row.get(0)).unwrap()
}

pub(crate) fn image_of(database: &mut SqliteDatabase) -> Vec<u8> {
    let mut image = Vec::new();
    database.open().unwrap().read_to_end(&mut image).unwrap();
    image
}

/// Writers that commit until they are stopped.
pub(crate) struct Writers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    process: Child,
}

impl Writers {
    /// Two threads and a process, all of which have committed once when this returns.
    pub(crate) fn start(path: &Path, pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (1..=2)
            .map(|writer| {
                let (stop, mut bank) = (Arc::clone(&stop), connect(path));
                pay(&mut bank, writer, 0);
                thread::spawn(move || {
                    (1..).take_while(|_| !stop.load(Ordering::Relaxed)).for_each(|seq| {
                        pay(&mut bank, writer, seq);
                        thread::sleep(pause);
                    });
                })
            })
            .collect();
        Self { stop, threads, process: start_process(path, pause) }
    }

    pub(crate) fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        stop_process(self.process);
    }
}

const PROCESS: &str = "WINDLASS_CAPTURE_TEST_WRITER";

/// This test program again, running [`writer_process`] only.
pub(crate) fn start_process(path: &Path, pause: Duration) -> Child {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "bank::writer_process", "--nocapture"])
        .env(PROCESS, format!("{} {}", pause.as_micros(), path.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.as_mut().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("committed")), "the writer process has ended");
    process
}

/// It ends when its standard input does.
pub(crate) fn stop_process(mut process: Child) {
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
}

/// Not a test of its own: what [`start_process`] starts, which is why it does nothing elsewhere.
#[test]
fn writer_process() {
    let Ok(task) = std::env::var(PROCESS) else {
        return;
    };
    let (pause, path) = task.split_once(' ').unwrap();
    let pause = Duration::from_micros(pause.parse().unwrap());
    let ended = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&ended);
    thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        end.store(true, Ordering::Relaxed);
    });
    let mut bank = connect(Path::new(path));
    for seq in (0..).take_while(|_| !ended.load(Ordering::Relaxed)) {
        pay(&mut bank, 3, seq);
        if seq == 0 {
            println!("committed");
            std::io::stdout().flush().unwrap();
        }
        thread::sleep(pause);
    }
}
