//! One control in a directory of its own, and a double of the agent.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use podwall_ledger::{Bounds, Ledger};
use podwall_wire::node::{
    Adopted, Applied, Hello, ToAgent, ToControl, VERSION, Wanted, decode, encode,
};
use podwall_wire::rest::{ApiError, Status};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tower::ServiceExt;

use crate::app::App;
use crate::changes::ChangeLog;
use crate::directory::Directory;
use crate::engine::Engine;
use crate::memory::Memory;
use crate::source::{Source, look};
use crate::state::State;
use crate::{node, route, watching};

pub(super) const TOKEN: &str = "00112233445566778899aabbccddeeff";
/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) const WORLD: &str = "\
namespaces:
  - name: shop   # ours
  - {name: data, labels: {team: red}}
pods:
  - {name: web, namespace: shop, labels: {app: web}, ips: [10.0.0.5], attach: {netns: /run/netns/web}}
  - {name: db, namespace: data, labels: {app: db}, ips: [10.0.0.6], attach: {interface: veth7}}
";

pub(super) const POLICY: &str = "\
# who may reach the database
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: db   # a name
  namespace: data
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
    - from: [{namespaceSelector: {}}]
      ports: [{port: 5432}]
";

pub(super) const ID: &str = "NetworkPolicy/data/db";

pub(super) struct Bench {
    pub(super) app: Arc<App>,
    directory: PathBuf,
}

impl Bench {
    /// A control that has looked at its files once.
    pub(super) async fn new(name: &str) -> Bench {
        let bench = Bench::make(name);
        bench.begin().await
    }

    fn make(name: &str) -> PathBuf {
        let directory =
            std::env::temp_dir().join(format!("pw-control-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("policies")).unwrap();
        fs::write(directory.join("workloads.yaml"), WORLD).unwrap();
        fs::write(directory.join("policies/db.yaml"), POLICY).unwrap();
        directory
    }

    /// The same directory with another control, as after a restart.
    pub(super) async fn again(mut self) -> Bench {
        let directory = std::mem::take(&mut self.directory);
        drop(self);
        directory.begin().await
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes a file and waits until it was looked at.
    pub(super) async fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        look_now(&self.app).await;
    }

    /// Writes nothing and looks.
    pub(super) async fn look(&self) {
        look_now(&self.app).await;
    }

    /// Asks over the unix socket's routes.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let answer = self.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        body(answer).await
    }

    pub(super) async fn status(&self) -> Status {
        self.get("/api/v1/status").await
    }

    pub(super) async fn change(&self, method: &str, path: &str, text: &str) -> Response<Body> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(Body::from(text.to_owned()))
            .unwrap();
        self.send(request).await
    }

    /// Sends over the unix socket's routes.
    pub(super) async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.over_unix().oneshot(request).await.unwrap()
    }

    fn over_unix(&self) -> Router {
        route::over_unix(&self.app)
    }

    /// Sends over TCP's routes, with the guard.
    pub(super) async fn over_tcp(&self, request: Request<Body>) -> Response<Body> {
        route::over_tcp(&self.app).oneshot(request).await.unwrap()
    }

    /// Waits for something to be so.
    pub(super) async fn until(&self, what: &str, so: impl Fn(&State) -> bool) {
        let mut told = self.app.told.subscribe();
        let wait = async {
            while !so(&self.app.state()) {
                let _ = told.recv().await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "waited in vain: {what}");
    }
}

trait Begin {
    async fn begin(self) -> Bench;
}

impl Begin for PathBuf {
    async fn begin(self) -> Bench {
        let source = Source::Files {
            workloads: self.join("workloads.yaml"),
            policies: self.join("policies"),
        };
        let paths = Directory::new(&self);
        let memory = Memory::load(&paths.memory()).unwrap();
        let ledger = Ledger::memory(Bounds::default());
        let page = ("http://127.0.0.1:1/?token=x".to_owned(), TOKEN.to_owned());
        let changes = ChangeLog::open(&paths.changes());
        let (app, events) = App::new(source, page, State::new(memory, "n"), (ledger, changes));
        tokio::spawn(Engine::new(app.clone(), paths.memory()).run(events));
        node::listen(app.clone(), &paths.agent_socket()).unwrap();
        watching::watch(app.clone());
        look_now(&app).await;
        Bench { app, directory: self }
    }
}

async fn look_now(app: &Arc<App>) {
    let (reply, answer) = tokio::sync::oneshot::channel();
    look(app, Some(reply)).await;
    answer.await.unwrap();
}

impl Drop for Bench {
    fn drop(&mut self) {
        if !self.directory.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

pub(super) async fn body<T: DeserializeOwned>(answer: Response<Body>) -> T {
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {bytes:?}"))
}

/// The code of an error.
pub(super) async fn code(answer: Response<Body>) -> String {
    assert!(!answer.status().is_success());
    body::<ApiError>(answer).await.code
}

/// The double of an agent: says what it is told to say, hears what control wants.
pub(super) struct Double {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

impl Double {
    /// Connects and greets, as after a start on a kernel that held nothing.
    pub(super) async fn connect(bench: &Bench) -> Double {
        let stream = UnixStream::connect(bench.path("agent.sock")).await.unwrap();
        let (read, write) = stream.into_split();
        let mut double = Double { read: BufReader::new(read), write };
        let adopted =
            Adopted { fresh: true, generation: 0, workloads: Vec::new(), left_alone: None };
        let hello = Hello { version: VERSION, node: "n".into(), pid: 4242, adopted };
        double.say(&ToControl::Hello(hello)).await;
        double
    }

    pub(super) async fn say(&mut self, message: &ToControl) {
        self.write.write_all(&encode(message).unwrap()).await.unwrap();
    }

    /// What control wants next.
    pub(super) async fn wanted(&mut self) -> Wanted {
        let mut line = Vec::new();
        let heard = tokio::time::timeout(PATIENCE, self.read.read_until(b'\n', &mut line)).await;
        heard.expect("control says something").unwrap();
        match decode(&line).unwrap() {
            ToAgent::Wanted(wanted) => *wanted,
            ToAgent::Remove => panic!("control wants all of it gone"),
        }
    }

    pub(super) async fn applied(&mut self, revision: u64) {
        let applied = Applied { revision, generation: 7, writes: 1, took_us: 1 };
        self.say(&ToControl::Applied(applied)).await;
    }
}
