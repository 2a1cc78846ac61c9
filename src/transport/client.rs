//! One system's client: quota, credential, wire and retries in their order.
//!
//! Every call goes: wait for quota → sign → send → learn → repeat if that is safe. Nothing
//! else in the program touches the wire.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{Either, select};
use http::{HeaderValue, Method, Request, Response, header};
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;

use super::hold::Hold;
use super::limit::{Bucket, BucketSeen, Budget, PATIENT, Permit, Rank};
use super::manners::{Manners, Quota};
use super::meaning::{Answer, Meaning};
use super::request::{Body, OwnHeader, Path, Place};
use super::retry::{self, Pauses, Throttle, Throttles};
use super::wire::{AuthError, Credential, Wire, WireError, WireLimits};
use crate::given::{Clock, Rng};
use crate::model::{SystemId, Utc};

/// Answers about everybody that are on their way at a time.
const OF_MANY_AT_ONCE: usize = 2;

/// What a client is built from.
pub struct ClientParts {
    /// Which system.
    pub system: SystemId,
    /// Where it is; nothing is ever sent anywhere else.
    pub origin: Url,
    /// Further addresses of the same system, by the name that [`Path::on`] uses.
    pub more_origins: Vec<(Cow<'static, str>, Url)>,
    /// The network.
    pub wire: Arc<dyn Wire>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// For jitter.
    pub rng: Arc<dyn Rng>,
    /// Signs reads.
    pub reads_as: Arc<dyn Credential>,
    /// Signs writes.
    pub writes_as: Arc<dyn Credential>,
    /// How the vendor wants to be spoken to.
    pub manners: Manners,
    /// The quota, which other clients of the same principal may share.
    pub budget: Arc<Budget>,
    /// `oust/<version> run=<id>`: how a SOC tells us from the intruder.
    pub user_agent: String,
}

/// One system's client, shared by its readers and writers.
pub struct Client {
    parts: ClientParts,
    meter: Meter,
    /// What the vendor's clock is ahead of ours, in milliseconds, by its last `Date`.
    ahead_ms: AtomicI64,
    /// Whether any answer carried a `Date`.
    dated: AtomicBool,
    /// Whether any answer came.
    heard: AtomicBool,
    /// What the vendor's last answer told of its long quota.
    quota: Mutex<Option<Quota>>,
    of_many: Semaphore,
}

/// Why a call brought no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// It certainly had no effect.
    #[error("{system} could not be reached: {why}")]
    NotSent {
        /// Which system.
        system: SystemId,
        /// What went wrong.
        why: String,
    },
    /// It may have happened.
    #[error("{system} did not answer; it may have happened: {why}")]
    Silent {
        /// Which system.
        system: SystemId,
        /// What was seen.
        why: String,
    },
    /// We have no credential that it accepts.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The quota would have had us wait longer than the caller would, or opens too late for
    /// anybody.
    #[error("{system} is throttling us beyond this step's time")]
    NoQuota {
        /// Which system.
        system: SystemId,
    },
    /// The run was stopped before it left.
    #[error("not sent: the run was stopped first")]
    Stopped {
        /// Which system.
        system: SystemId,
    },
    /// An answer that we must not or cannot use.
    #[error("{system} answered something unusable: {why}")]
    Unusable {
        /// Which system.
        system: SystemId,
        /// What is wrong with it.
        why: String,
    },
}

impl CallError {
    /// Whether the request may have had effect.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        matches!(self, Self::Silent { .. } | Self::Unusable { .. })
    }
}

/// What came of waiting; `None` if the run of the call was stopped meanwhile.
async fn unless_stopped<T>(call: &Outgoing<'_>, wait: impl Future<Output = T>) -> Option<T> {
    let Some(hold) = call.hold else {
        return Some(wait.await);
    };
    match select(pin!(hold.stopped()), pin!(wait)).await {
        Either::Left(((), _)) => None,
        Either::Right((waited, _)) => Some(waited),
    }
}

/// What one client has sent so far.
#[derive(Debug, Default)]
pub struct Meter {
    reads: AtomicU64,
    writes: AtomicU64,
    retries: AtomicU64,
    throttled: AtomicU64,
    answers: AtomicU64,
    answers_ms: AtomicU64,
}

/// A meter's numbers at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MeterReading {
    /// Requests that read.
    pub reads: u64,
    /// Requests that write.
    pub writes: u64,
    /// Repetitions among them.
    pub retries: u64,
    /// 429s seen.
    pub throttled: u64,
}

impl MeterReading {
    /// What came after an earlier reading of the same meter.
    #[must_use]
    pub fn less(self, before: Self) -> Self {
        Self {
            reads: self.reads.saturating_sub(before.reads),
            writes: self.writes.saturating_sub(before.writes),
            retries: self.retries.saturating_sub(before.retries),
            throttled: self.throttled.saturating_sub(before.throttled),
        }
    }
}

/// One request before it is signed.
pub(super) struct Outgoing<'call> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<&'call Body>,
    pub(super) place: Option<&'call str>,
    pub(super) headers: &'call [OwnHeader],
    /// Instead of what the vendor's manners say by method and path.
    pub(super) bucket: Option<Bucket>,
    pub(super) is_write: bool,
    pub(super) rank: Rank,
    /// Within the rank the lower goes first.
    pub(super) turn: u32,
    pub(super) patience: Duration,
    pub(super) body_max: usize,
    /// Its answer is about everybody: few of these are on their way at a time.
    pub(super) is_of_many: bool,
    /// Keeps it back once its run is stopped.
    pub(super) hold: Option<&'call Hold>,
}

enum Attempt {
    Over(Result<Answer, CallError>),
    Again {
        pause: Option<Duration>,
        last: Result<Answer, CallError>,
    },
    /// It had no effect: too fast.
    Throttled {
        last: Result<Answer, CallError>,
        throttle: Throttle,
    },
}

impl Client {
    /// A client that has sent nothing yet.
    #[must_use]
    pub fn new(parts: ClientParts) -> Self {
        Self {
            parts,
            meter: Meter::default(),
            ahead_ms: AtomicI64::new(0),
            dated: AtomicBool::new(false),
            heard: AtomicBool::new(false),
            quota: Mutex::default(),
            of_many: Semaphore::new(OF_MANY_AT_ONCE),
        }
    }

    /// Which system it talks to.
    #[must_use]
    pub fn system(&self) -> &SystemId {
        &self.parts.system
    }

    /// What it has sent so far.
    #[must_use]
    pub fn metered(&self) -> MeterReading {
        MeterReading {
            reads: self.meter.reads.load(Ordering::Relaxed),
            writes: self.meter.writes.load(Ordering::Relaxed),
            retries: self.meter.retries.load(Ordering::Relaxed),
            throttled: self.meter.throttled.load(Ordering::Relaxed),
        }
    }

    /// What an answer took so far, on average; `None` before the first.
    #[must_use]
    pub fn answer_ms(&self) -> Option<u64> {
        let answers = self.meter.answers.load(Ordering::Relaxed);
        let all_ms = self.meter.answers_ms.load(Ordering::Relaxed);
        all_ms.checked_div(answers)
    }

    /// The rate limits that answers have told of.
    #[must_use]
    pub fn buckets(&self) -> Vec<BucketSeen> {
        self.parts.budget.seen()
    }

    /// The bucket that a request would count against, by the vendor's documentation.
    #[must_use]
    pub fn bucket(&self, method: &Method, path: &str) -> Bucket {
        (self.parts.manners.bucket)(method, path)
    }

    /// What people should know about the credentials it used.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        let mut told = self.parts.writes_as.told();
        told.extend(self.parts.reads_as.told());
        told.sort();
        told.dedup();
        told
    }

    /// What the vendor's last answer told of its long quota, if it has one.
    #[must_use]
    pub fn quota(&self) -> Option<Quota> {
        *self
            .quota
            .lock()
            .expect("no code panics while it holds this lock")
    }

    /// What the vendor's clock is ahead of ours, in milliseconds, by the `Date` of its last
    /// answer: whole seconds, so that up to one second behind is nothing. `None` until an answer
    /// carried one.
    #[must_use]
    pub fn clock_ahead_ms(&self) -> Option<i64> {
        let dated = self.dated.load(Ordering::Relaxed);
        dated.then(|| self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Whether any request was answered, whatever the answer said. Token endpoints do not count.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// Fetches what writes will be signed with, so that the first one need not wait. Sends
    /// nothing to the vendor but what asks for a token; what goes wrong shows at the write.
    pub async fn warm_writes(&self) {
        self.parts.writes_as.warm().await;
    }

    /// The same for reads.
    pub async fn warm_reads(&self) {
        self.parts.reads_as.warm().await;
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// The vendor's time now, to a second: ours, corrected by its last `Date`.
    pub(super) fn vendor_now(&self) -> Utc {
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        Utc::from_millis(self.parts.clock.now().millis().saturating_add(ahead_ms))
    }

    pub(super) fn url(&self, path: &Path) -> Url {
        path.at(self.origin(path.host()))
    }

    /// The address that a path's host name stands for; the first one for an unknown name.
    fn origin(&self, host: Option<&str>) -> &Url {
        let more = self.parts.more_origins.iter();
        more.filter(|(name, _)| Some(&**name) == host)
            .map(|(_, origin)| origin)
            .next()
            .unwrap_or(&self.parts.origin)
    }

    /// A link that the vendor sent, if it stays at home.
    pub(super) fn own_link(&self, link: &str) -> Result<Url, CallError> {
        let foreign = || CallError::Unusable {
            system: self.parts.system.clone(),
            why: "its next-page link leaves the configured address".into(),
        };
        let url = self.parts.origin.join(link).map_err(|_| foreign())?;
        let more = self.parts.more_origins.iter().map(|(_, origin)| origin);
        let mut own = [&self.parts.origin].into_iter().chain(more);
        if own.any(|own| url.origin() == own.origin()) && url.username().is_empty() {
            Ok(url)
        } else {
            Err(foreign())
        }
    }

    /// Sends `call`, repeating it where that is safe.
    pub(super) async fn send(&self, call: &Outgoing<'_>) -> Result<Answer, CallError> {
        let by_path = || (self.parts.manners.bucket)(&call.method, call.url.path());
        let bucket = call.bucket.unwrap_or_else(by_path);
        let place = self.parts.budget.place(call.rank, call.turn);
        let mut pauses = Pauses::new(&*self.parts.rng);
        let mut crowded = Pauses::new(&*self.parts.rng);
        let mut throttles = Throttles::of(call.patience);
        let mut renewed = false;
        let mut last = None;
        // A patient call's time does not run while it queues for quota.
        let mut left = call.patience;
        loop {
            let joined = self.parts.clock.elapsed();
            let patience = if call.patience >= PATIENT {
                call.patience
            } else {
                left
            };
            let admitted = self.parts.budget.admit(bucket, place, patience);
            let Some(admitted) = unless_stopped(call, admitted).await else {
                return last.unwrap_or_else(|| {
                    Err(CallError::Stopped {
                        system: self.parts.system.clone(),
                    })
                });
            };
            let Some(permit) = admitted else {
                return last.unwrap_or_else(|| {
                    Err(CallError::NoQuota {
                        system: self.parts.system.clone(),
                    })
                });
            };
            let sent = self.parts.clock.elapsed();
            if call.patience < PATIENT {
                left = left.saturating_sub(sent.saturating_sub(joined));
            }
            let (pause, answer) = match self.attempt(call, permit, &mut renewed).await {
                Attempt::Over(result) => {
                    if let Some(hold) = call.hold {
                        hold.begin();
                    }
                    return result;
                }
                Attempt::Throttled { last, throttle } => {
                    let enough = throttles.is_enough(throttle);
                    let pause = match throttle {
                        // The bucket is closed: the queue waits, and this call is near its head.
                        Throttle::Window(_) => Some(Duration::ZERO),
                        Throttle::Concurrency => Some(crowded.next().unwrap_or(retry::PAUSE_MAX)),
                        Throttle::Untold => pauses.next(),
                    };
                    (pause.filter(|_| !enough), last)
                }
                Attempt::Again { pause, last } => {
                    (pauses.next().map(|step| pause.unwrap_or(step)), last)
                }
            };
            let Some(pause) = pause else {
                return answer;
            };
            left = left.saturating_sub(self.parts.clock.elapsed().saturating_sub(sent));
            if pause > left {
                return answer;
            }
            left -= pause;
            if unless_stopped(call, self.parts.clock.sleep(pause))
                .await
                .is_none()
            {
                return answer;
            }
            last = Some(answer);
            self.meter.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn attempt(
        &self,
        call: &Outgoing<'_>,
        permit: Permit<'_>,
        renewed: &mut bool,
    ) -> Attempt {
        let signer = if call.is_write {
            &self.parts.writes_as
        } else {
            &self.parts.reads_as
        };
        // Its answer is megabytes, and ten times that once it is parsed.
        let _turn = match call.is_of_many {
            true => self.of_many.acquire().await.ok(),
            false => None,
        };
        let mut request = self.unsigned(call);
        if let Err(error) = signer.sign(&mut request).await {
            return match error {
                AuthError::Refused { .. } if signer.fall_back().await => Attempt::Again {
                    pause: Some(Duration::ZERO),
                    last: Err(error.into()),
                },
                AuthError::Unreachable { .. } => Attempt::Again {
                    pause: None,
                    last: Err(error.into()),
                },
                _ => Attempt::Over(Err(error.into())),
            };
        }
        let sent_at = self.parts.clock.now();
        let left = self.parts.clock.elapsed();
        let counter = if call.is_write {
            &self.meter.writes
        } else {
            &self.meter.reads
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let limits = WireLimits {
            body_max: call.body_max,
            ..WireLimits::default()
        };
        let answer = match self.parts.wire.send(request, limits).await {
            Ok(response) => {
                self.note_pace(self.parts.clock.elapsed().saturating_sub(left));
                self.read(response, sent_at, call.is_write)
            }
            Err(error) => {
                let again = retry::may_repeat_error(&error, call.is_write);
                let last = self.failed(error, call, sent_at);
                return if again && last.is_err() {
                    Attempt::Again { pause: None, last }
                } else {
                    Attempt::Over(last)
                };
            }
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(unusable) if call.is_write => return Attempt::Over(Err(unusable)),
            Err(unusable) => {
                return Attempt::Again {
                    pause: None,
                    last: Err(unusable),
                };
            }
        };
        let throttle = self.throttle(&answer);
        let learnt = retry::learnt(&answer.headers, self.parts.clock.now());
        match throttle {
            Some(Throttle::Window(wait)) => permit.used_up(learnt, wait),
            Some(Throttle::Concurrency) => permit.too_many(),
            Some(Throttle::Untold) => drop(permit),
            None => permit.answered(learnt),
        }
        self.note_quota(&answer);
        signer.hears(&answer);
        if let Some(throttle) = throttle {
            self.meter.throttled.fetch_add(1, Ordering::Relaxed);
            return Attempt::Throttled {
                last: Ok(answer),
                throttle,
            };
        }
        self.after(answer, &**signer, call.is_write, renewed).await
    }

    /// Which of the vendor's ways to say "too fast" this is, if it is one.
    fn throttle(&self, answer: &Answer) -> Option<Throttle> {
        let throttled = (self.parts.manners.throttled)(answer)
            || (!(self.parts.manners.expired)(answer) && answer.meaning() == Meaning::Throttled);
        throttled.then(|| retry::throttle(&answer.headers, self.parts.clock.now()))
    }

    fn note_pace(&self, took: Duration) {
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.meter.answers.fetch_add(1, Ordering::Relaxed);
        self.meter.answers_ms.fetch_add(ms, Ordering::Relaxed);
    }

    fn note_quota(&self, answer: &Answer) {
        if let Some(quota) = (self.parts.manners.quota)(&answer.headers) {
            let mut known = self
                .quota
                .lock()
                .expect("no code panics while it holds this lock");
            *known = Some(quota);
        }
    }

    async fn after(
        &self,
        answer: Answer,
        signer: &dyn Credential,
        is_write: bool,
        renewed: &mut bool,
    ) -> Attempt {
        let now = Some(Duration::ZERO);
        let meaning = match answer.meaning() {
            _ if (self.parts.manners.expired)(&answer) => Meaning::Unauthenticated,
            meaning => meaning,
        };
        match meaning {
            Meaning::Unauthenticated if !signer.concerns(&answer) => Attempt::Over(Ok(answer)),
            Meaning::Unauthenticated if !*renewed && signer.renew(&answer).await => {
                *renewed = true;
                Attempt::Again {
                    pause: now,
                    last: Ok(answer),
                }
            }
            Meaning::Unauthenticated if signer.fall_back().await => Attempt::Again {
                pause: now,
                last: Ok(answer),
            },
            meaning if retry::may_repeat(meaning, is_write) => Attempt::Again {
                pause: None,
                last: Ok(answer),
            },
            _ => Attempt::Over(Ok(answer)),
        }
    }

    fn unsigned(&self, call: &Outgoing<'_>) -> Request<Vec<u8>> {
        let mut request = Request::new(Vec::new());
        *request.method_mut() = call.method.clone();
        let place = call.place.map(str::to_owned);
        request.extensions_mut().insert(Place(place));
        *request.uri_mut() = call
            .url
            .as_str()
            .parse()
            .expect("a URL that `url` built is a URI");
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Ok(agent) = HeaderValue::from_str(&self.parts.user_agent) {
            headers.insert(header::USER_AGENT, agent);
        }
        for (name, value) in self.parts.manners.headers {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        if let Some(body) = call.body {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static(body.media_type()),
            );
        }
        for (name, value) in call.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(*name, value);
            }
        }
        *request.body_mut() = call.body.map(Body::bytes).unwrap_or_default();
        request
    }

    fn read(
        &self,
        response: Response<Vec<u8>>,
        sent_at: Utc,
        is_write: bool,
    ) -> Result<Answer, CallError> {
        self.heard.store(true, Ordering::Relaxed);
        let (parts, body) = response.into_parts();
        let good = parts.status.is_success();
        let json = match (self.parts.manners.body)(&parts.headers, &body) {
            Ok(json) => json,
            // A write's effect is read back anyway; an error page is an error by its status.
            Err(_) if body.is_empty() || is_write || !good => Value::Null,
            Err(why) => {
                return Err(CallError::Unusable {
                    system: self.parts.system.clone(),
                    why,
                });
            }
        };
        let mut names = self.parts.manners.request_ids.iter();
        let request_id = names
            .find_map(|name| parts.headers.get(*name)?.to_str().ok())
            .map(Arc::from);
        let date = retry::date(&parts.headers);
        if let Some(date) = date {
            let ahead_ms = date.millis() - self.parts.clock.now().millis();
            self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
            self.dated.store(true, Ordering::Relaxed);
        }
        let server_at = date.unwrap_or(sent_at);
        let status = parts.status.as_u16();
        Ok(Answer {
            status,
            json,
            request_id,
            sent_at,
            server_at,
            headers: parts.headers,
        })
    }

    /// A wire error in the caller's words. A write whose status was read has its answer.
    fn failed(
        &self,
        error: WireError,
        call: &Outgoing<'_>,
        sent_at: Utc,
    ) -> Result<Answer, CallError> {
        let system = self.parts.system.clone();
        match error {
            WireError::NotSent(why) => Err(CallError::NotSent { system, why }),
            WireError::Silent(why) => Err(CallError::Silent { system, why }),
            WireError::Unreadable { status, .. } if call.is_write => {
                let mut response = Response::new(Vec::new());
                *response.status_mut() =
                    http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_GATEWAY);
                self.read(response, sent_at, true)
            }
            WireError::Unreadable { why, .. } => Err(CallError::Unusable { system, why }),
        }
    }
}
