// Lyceum, contract v1: the JSON form of its messages. Written by tests/contract/generate from
// messages/lyceum/v1/lyceum.proto: do not edit. A field that is zero or empty is left out.
// 64-bit numbers are text, times are RFC 3339. Within v1 lists of words and unions grow.

/** Exactly one of the fields. */
type OneOf<T> = { [K in keyof T]: Pick<T, K> & Partial<Record<Exclude<keyof T, K>, never>> }[keyof T];

export type Tool = "load_topic" | "present_material" | "clarify_concept" | "generate_question" | "check_answer" | "give_hint" | "remediate_known_error" | "diagnose_error" | "classify_intent";
export type State = "exposition" | "setting_question" | "awaiting_answer" | "awaiting_tool_result" | "remediating_known_error" | "remediating_unknown_error" | "error_state" | "completed" | "awaiting_approval";
export type Verdict = "correct" | "partially_correct" | "incorrect" | "invalid" | "not_an_answer" | "ungraded";
export type Format = "choice" | "numeric" | "expression" | "equation" | "interval" | "list" | "text" | "multiple_choice";
export type FoundIntent = "answer" | "question" | "hint" | "skip" | "continue" | "off_topic";
export type Strategy = "hint" | "explanation" | "worked_example";
export type Lifecycle = "active" | "suspended" | "archived";
export type Role = "learner" | "tutor" | "operator" | "system" | "teacher";
export type BusyPolicy = "reply_wait" | "defer" | "interrupt";
export type TimerKind = "tool_deadline" | "idle" | "ttl" | "approval";
export type Supervision = "none" | "draft";
export type Undecided = "authored" | "as_is";

export interface EventFields {
  /** Unique per learner, 1 to 128 bytes. `<user>/<id>` is sent as the header Nats-Msg-Id. */
  id: string;
  /** Where the answer goes: lyceum.out.<client>. */
  client?: string;
  /** W3C traceparent. */
  trace?: string;
}
/** An event of lyceum.in.user.<user>. */
export type LearnerEvent = EventFields & OneOf<{
  /** Class user. */
  start: Start;
  message: Message;
  hint: Empty;
  skip: Empty;
  continue: Empty;
  attach: Attach;
  detach: Empty;
  stop: Empty;
  review: Review;
}>;
/** An event of lyceum.in.tool.<user>. */
export type ToolEvent = EventFields & OneOf<{
  /** Class tool. */
  tool_result: ToolResult;
}>;
/** An event of lyceum.in.admin.<user>. */
export type OperatorEvent = EventFields & OneOf<{
  /** Class admin. */
  force_remediation: ForceRemediation;
  force_skip: Empty;
  goto_topic: GotoTopic;
  retry: Empty;
  end: Reason;
  shutdown: Reason;
}>;
/** An event of lyceum.in.teacher.<user>. */
export type TeacherEvent = EventFields & OneOf<{
  /** Class teacher. */
  supervise: Supervise;
}>;

export interface Empty {
}

export interface Start {
  course: string;
  /** Empty: the current one. */
  version?: string;
  /** Empty: the first one. */
  topic?: string;
  context?: Context;
  /** reply_wait (the default) | defer | interrupt */
  busy_policy?: BusyPolicy;
  /** Begins a completed course anew. */
  again?: boolean;
}

/** A learner doubts a grade: marked for whoever reviews grades. */
export interface Review {
  /** Of the feedback. */
  n?: number;
  /** Why. May be empty; at most 2 KiB. */
  text?: string;
}

export interface Context {
  tone?: string;
  persona?: string;
  objectives?: string[];
  language?: string;
  /** draft: what a language model says waits for a teacher. Empty or none: it does not. Of a start. */
  supervision?: Supervision;
  /** Where no teacher decides in time: authored (the default) | as_is */
  undecided?: Undecided;
  /** How long a draft waits: 5 to 3600. 0: 300. */
  decide_seconds?: number;
}

/** A teacher decides on a draft. The first decision holds; later ones are refused (no_draft). */
export type Supervise = {
  /** Draft.id */
  draft: string;
} & OneOf<{
  approve: Empty;
  /** The draft as the teacher has changed it. At most 64 KiB, as is */
  edit: string;
  /** the teacher's own text in its place. */
  replace: string;
}>;

export interface Message {
  /** At most 16 KiB. */
  text: string;
  intent?: "UNSPECIFIED" | "ANSWER" | "QUESTION";
}

/** Answered by `resumed`, and then by what it announces. One at a time. */
export interface Attach {
  after_n?: number;
}

export interface ForceRemediation {
  error_id?: string;
}

export interface GotoTopic {
  topic: string;
}

export interface Reason {
  reason?: string;
}

export interface ClientMessage {
  user?: string;
  /** "<pp>-<seq>-<index>" */
  id?: string;
  /** 1, 2, 3 ... per session, dense. 0: not part of the session (a refused event, deltas, retract,
   * resumed, detached). */
  n?: number;
  in_reply_to?: string;
  at?: string;
  state?: State;
  // One of these:
  text?: string;
  question?: QuestionView;
  feedback?: Feedback;
  hint?: HintText;
  wait?: Wait;
  error?: Error;
  progress?: Progress;
  completed?: Empty;
  delta?: Delta;
  retract?: Retract;
  resumed?: Resumed;
  detached?: Detached;
}

export interface QuestionView {
  id?: string;
  text?: string;
  /** choice | numeric | expression | equation | interval | list | text | multiple_choice */
  format?: Format;
  choices?: string[];
}

export interface Feedback {
  verdict?: Verdict;
  score?: number;
  text?: string;
  known_error?: string;
}

export interface HintText {
  level?: number;
  of?: number;
  text?: string;
}

/** A tool runs, or (state awaiting_approval) a teacher decides. `kept`: the event is not lost and must not
 * be sent again; place 1 is handled when the tool has answered, 0 at once. Not kept: it changed nothing
 * (but is part of the history). */
export interface Wait {
  kept?: boolean;
  place?: number;
}

export interface Error {
  code?: string;
  text?: string;
  retryable?: boolean;
}

export interface Progress {
  topic?: string;
  done?: number;
  total?: number;
}

export interface Delta {
  request_id?: string;
  attempt?: number;
  offset?: number;
  text?: string;
}

/** Forget the deltas of this attempt. attempt 0: of all of them, also those that may still come. */
export interface Retract {
  request_id?: string;
  attempt?: number;
}

/** The answer to attach. The messages first_n to last_n follow; none where first_n is greater. What lies
 * before first_n is gone for good. */
export interface Resumed {
  first_n?: number;
  last_n?: number;
  topic?: string;
  /** Not there: no topic is loaded. */
  progress?: Progress;
  /** The open one, as it is to be shown. */
  question?: QuestionView;
}

/** This client gets no more messages, until it attaches again. */
export interface Detached {
  reason?: string;
}

/** A text that waits for a teacher; again every ten seconds while it does; and once more with an outcome.
 * A course that is not a subject token is written as a user is: `~` and base64url. */
export interface Draft {
  user?: string;
  /** For `supervise`. */
  id?: string;
  course?: string;
  topic?: string;
  /** What the text is: clarify_concept ... */
  tool?: Tool;
  /** The learner's question or answer. May be empty. */
  asked?: string;
  text?: string;
  /** What would be said without a language model. May be empty. */
  authored?: string;
  /** Of generate_question: what is asked, with its key. */
  question?: Question;
  /** authored | as_is: what is said where nobody decides */
  undecided?: Undecided;
  /** in time. */
  due?: string;
  at?: string;
  provider?: string;
  model?: string;
  /** approve | edit | replace | authored | as_is: decided, or its time is over; given_up: the learner or
   * an operator went on without it. Empty: it waits. With an outcome text, authored and question are left
   * out. */
  outcome?: string;
  /** The event that decided it. */
  in_reply_to?: string;
}

export interface ToolRequest {
  /** "<pp>-<seq>-<index>" */
  id?: string;
  /** 1, 2, 3 */
  attempt?: number;
  tool?: Tool;
  user?: string;
  deadline?: string;
  /** The result goes here, as an Event of class tool. */
  reply_subject?: string;
  /** The first of stream_subjects. Empty: no deltas wanted. */
  stream_subject?: string;
  args?: ToolRequestArgs;
  context?: Context;
  trace?: string;
  /** Who listens at stream_subject speaks JSON. */
  stream_json?: boolean;
  /** Deltas go to all of these: the attached clients, the one whose event came last first. */
  stream_subjects?: string[];
  /** Those of them that speak JSON; others: protobuf. */
  stream_json_subjects?: string[];
}

export interface ToolRequestArgs {
  // One of these:
  load_topic?: LoadTopicArgs;
  present_material?: PresentMaterialArgs;
  clarify_concept?: ClarifyConceptArgs;
  generate_question?: GenerateQuestionArgs;
  check_answer?: CheckAnswerArgs;
  give_hint?: GiveHintArgs;
  remediate_known_error?: RemediateKnownErrorArgs;
  diagnose_error?: DiagnoseErrorArgs;
  classify_intent?: ClassifyIntentArgs;
  /** A function: a tool of any other name, registered in the course, that the tutor's model calls. From
   * tool worker to tool worker: sessions never send it. */
  function?: FunctionArgs;
}

export interface TopicRef {
  course?: string;
  version?: string;
  topic?: string;
}

export interface Attempt {
  answer?: string;
  verdict?: Verdict;
  error_id?: string;
}

export interface HistoryEntry {
  index?: number;
  at?: string;
  /** learner | tutor | operator | system */
  role?: Role;
  kind?: string;
  text?: string;
}

export interface LoadTopicArgs {
  ref?: TopicRef;
}

export interface PresentMaterialArgs {
  ref?: TopicRef;
  /** From 0. */
  segment?: number;
  /** As authored. */
  text?: string;
}

/** What the session knows of the learner, beside the attempts. */
export interface LearnerModel {
  /** At the open question. */
  hints_shown?: number;
  /** Answered right in this course, of those that are closed. */
  questions_correct?: number;
  /** Closed after the last attempt, or skipped after one. */
  questions_incorrect?: number;
}

export interface ClarifyConceptArgs {
  ref?: TopicRef;
  text?: string;
  /** The open one, if any: its answer must not be revealed. */
  question?: QuestionView;
  recent?: HistoryEntry[];
  /** At the open question. */
  attempts?: Attempt[];
  learner?: LearnerModel;
}

export interface GenerateQuestionArgs {
  ref?: TopicRef;
}

export interface CheckAnswerArgs {
  question?: Question;
  answer?: string;
  attempts?: Attempt[];
  grader?: number;
}

export interface GiveHintArgs {
  ref?: TopicRef;
  question?: QuestionView;
  level?: number;
  of?: number;
  attempts?: Attempt[];
  learner?: LearnerModel;
}

export interface RemediateKnownErrorArgs {
  ref?: TopicRef;
  error_id?: string;
  error_text?: string;
  /** hint | explanation | worked_example */
  strategy?: Strategy;
  question?: QuestionView;
  answer?: string;
  /** The one of `answer` included. */
  attempts?: Attempt[];
  learner?: LearnerModel;
}

export interface DiagnoseErrorArgs {
  ref?: TopicRef;
  question?: QuestionView;
  answer?: string;
  attempts?: Attempt[];
}

export interface ClassifyIntentArgs {
  ref?: TopicRef;
  question?: QuestionView;
  text?: string;
}

/** reply_subject then is below _INBOX.tool_worker. and is published to once, without JetStream. */
export interface FunctionArgs {
  /** An object that fits the schema of the arguments. At most 8 KiB. */
  json?: string;
}

/** To the reply subject of the request. */
export type ToolAck = {
  id: string;
} & OneOf<{
  accepted: ToolAckAccepted;
  busy: Empty;
}>;

export interface ToolAckAccepted {
  worker?: string;
}

/** Needed: id, tool, and ok with the field of that tool, or error with a code. Of the rest an absent field
 * is its zero. A result that does not fit is answered with ToolRefused and ends its call as an error
 * (bad_result); `lyceum tool check FILE` says beforehand whether it fits. */
export type ToolResult = {
  /** Of the request. */
  id: string;
  /** Of the request. */
  attempt?: number;
  /** Of the request, also named by the field in ok. */
  tool?: Tool;
  /** Who is told where it does not fit: its ToolHeartbeat.worker. */
  worker?: string;
  provider?: string;
  model?: string;
  latency_ms?: number;
  usage?: ToolResultUsage;
  degraded?: boolean;
  /** Of the requests to language models that were made for it. */
  attempts_made?: number;
  /** Those of them that went to another provider than the one before. */
  fallbacks?: number;
  /** Until the first text of the answer. 0: none came, or nobody was asked. */
  first_text_ms?: number;
  /** What would be said without a language model: the text, and the probe after an empty line, as in ok.
   * Where context.supervision is draft. A text that is the same does not wait for a teacher; else it
   * stands in for one that nobody has decided on. */
  authored?: string;
  /** What its language model wished to call, in order, 16 at most. */
  functions?: ToolResultFunctionUse[];
} & OneOf<{
  ok: ToolResultOk;
  error: Error;
}>;

export interface ToolResultFunctionUse {
  name?: string;
  /** ok, or a word that says why there was no result. */
  outcome?: string;
  argument_bytes?: number;
  result_bytes?: number;
  latency_ms?: number;
}

export interface ToolResultUsage {
  input_tokens?: number;
  output_tokens?: number;
  cached_tokens?: number;
}

export type ToolResultOk = {
} & OneOf<{
  load_topic: Topic;
  present_material: PresentMaterialOk;
  clarify_concept: ClarifyConceptOk;
  generate_question: Question;
  check_answer: CheckAnswerOk;
  give_hint: GiveHintOk;
  remediate_known_error: RemediateKnownErrorOk;
  diagnose_error: DiagnoseErrorOk;
  classify_intent: ClassifyIntentOk;
  /** In the log it is refused. */
  function: FunctionOk;
}>;

export interface Question {
  id?: string;
  text?: string;
  format?: Format;
  choices?: string[];
  answers?: string[];
  hints?: string[];
  known_errors?: KnownError[];
  solution?: string;
  tolerance?: number;
  unit?: string;
  /** A part of the key, 0 to below 1. */
  relative_tolerance?: number;
  significant_figures?: number;
  /** Of multiple_choice. */
  partial_credit?: boolean;
}

export interface KnownError {
  id?: string;
  answers?: string[];
  text?: string;
  /** The score of these answers; of multiple_choice, below 0, what they take from it. */
  credit?: number;
}

export interface Gate {
  window?: number;
  correct?: number;
}

/** A topic: the value in the course bucket, and the result of load_topic. A result may name it instead:
 * topic, course, version and digest are set and nothing else, and the content is what the course bucket
 * has there. */
export interface Topic {
  topic?: string;
  material?: string[];
  questions?: Question[];
  gate?: Gate;
  next_topic?: string;
  course?: string;
  version?: string;
  title?: string;
  generate_questions?: boolean;
  /** Of a named one: SHA-256 of the value in the course bucket, as 64 hex digits. */
  digest?: string;
  synonyms?: Synonyms[];
  /** Of the course. None: as the start asks. */
  supervision?: CourseSupervision;
}

/** What a language model says waits for a teacher, whatever the start asks for. The fields are as in
 * Context. */
export interface CourseSupervision {
  undecided?: Undecided;
  decide_seconds?: number;
}

/** Terms that mean the same to a learner: 2 to 16. */
export interface Synonyms {
  terms?: string[];
}

/** Texts of a result are at most 65,536 bytes. One without text is replaced by what the course has. */
export interface PresentMaterialOk {
  text?: string;
}

export interface ClarifyConceptOk {
  text?: string;
  on_topic?: boolean;
  reveals_answer?: boolean;
}

/** Needed: verdict. */
export interface CheckAnswerOk {
  /** As in the request. */
  question_id?: string;
  /** correct | partially_correct | incorrect | invalid | not_an_answer | ungraded */
  verdict: Verdict;
  /** 0 to 1, as is confidence. */
  score?: number;
  confidence?: number;
  method?: string;
  known_error?: CheckAnswerOkKnownErrorFound;
  feedback?: CheckAnswerOkFeedbackText;
  answer_note?: string;
}

export interface CheckAnswerOkKnownErrorFound {
  id?: string;
  confidence?: number;
}

export interface CheckAnswerOkFeedbackText {
  text?: string;
  reveals_answer?: boolean;
}

export interface GiveHintOk {
  level?: number;
  of?: number;
  text?: string;
  bottom_out?: boolean;
}

export interface RemediateKnownErrorOk {
  error_id?: string;
  strategy?: string;
  text?: string;
  probe?: string;
  reveals_answer?: boolean;
}

export interface DiagnoseErrorOk {
  hypotheses?: DiagnoseErrorOkHypothesis[];
  text?: string;
  probe?: string;
}

export interface DiagnoseErrorOkHypothesis {
  error_id?: string;
  label?: string;
  confidence?: number;
}

/** Needed: intent. */
export interface ClassifyIntentOk {
  /** answer | question | hint | skip | continue | off_topic */
  intent: FoundIntent;
  confidence?: number;
}

export interface FunctionOk {
  /** A value that fits the schema of the result. At most 16 KiB. */
  json?: string;
}

export interface ToolHeartbeat {
  worker: string;
  tools?: string[];
  slots?: number;
  free?: number;
  draining?: boolean;
  /** Request ids: running, or with a result that is not acked yet. */
  in_flight?: string[];
  /** Requests may come in protobuf. They do where all who serve the tool say so. */
  protobuf?: boolean;
  /** It also reads lyceum.tool.<tool>.<its id>. */
  direct?: boolean;
}

export interface ToolCancel {
  /** Of the request. */
  id?: string;
}

/** A result was not understood: what does not fit. The call has ended as an error. */
export interface ToolRefused {
  /** Of the request. */
  id?: string;
  reason?: string;
}

/** A session worker is alive, and how far each of its partitions is. */
export interface WorkerHeartbeat {
  worker?: string;
  /** Another one each time the worker starts. */
  boot?: string;
  at?: string;
  /** All that it may own. */
  partitions?: WorkerHeartbeatPartition[];
  /** Of `shards`: each sends its own, with its part of the partitions. */
  shard?: number;
  shards?: number;
  /** It stops, and owns nothing more. */
  leaving?: boolean;
  /** It erases a learner whom the log says to forget. */
  forgets?: boolean;
}

export interface WorkerHeartbeatPartition {
  partition?: number;
  /** The last record that was folded. */
  position?: string;
  /** All that the records up to it sent has reached the server. */
  confirmed?: string;
  lineage?: number;
  fold_version?: number;
  /** Of what its last whole block of 64 records was made into: "<last sequence>-<16 hex digits>". May be
   * empty. */
  digest?: string;
  /** opening | catching_up | reading | halted | closed */
  state?: string;
  halted_because?: string;
  /** The position of its last checkpoint. */
  checkpoint?: string;
  /** The last record that the log is known to have. */
  log_end?: string;
  /** owner | standby. Empty: neither. */
  role?: string;
  /** owner: of its lease; standby: of the lease that it follows. */
  epoch?: string;
  /** owner: the worker that an operator gave it to, as long as that one is there. */
  moved_to?: string;
  /** Rows that were erased may still lie in its files. */
  erasing?: boolean;
  /** The last record that it has folded of class forget, since it started. */
  forgotten?: string;
}

/** From an operator to the owner of a partition, request/reply. */
export type PartitionCommand = {
} & OneOf<{
  /** Halted: go on as the next lineage. */
  resume: Empty;
  /** A session that cannot be read: fold it again from its records. */
  rebuild: PartitionCommandRebuild;
  list: PartitionCommandListSessions;
  /** Give it to another worker. */
  move: PartitionCommandMove;
}>;

export interface PartitionCommandRebuild {
  user?: string;
}

export interface PartitionCommandMove {
  /** Its id. */
  worker?: string;
}

/** Those for which all that is given holds, shorter names first, then in order of bytes. What is in no
 * checkpoint yet may be missing. */
export interface PartitionCommandListSessions {
  /** Those behind this user. */
  after?: string;
  /** 0: 500, and no more than 500. */
  limit?: number;
  /** In this state; "damaged": cannot be read. */
  state?: string;
  /** In this course. */
  course?: string;
  /** The last record is no newer. */
  inactive_since?: string;
  /** It waits beyond its deadline, or cannot be read. */
  stuck?: boolean;
  /** The user has this in it. */
  like?: string;
}

export interface PartitionReply {
  done?: boolean;
  /** Where it was not done. */
  error?: Error;
  /** rebuild: how many the session is made of. */
  records?: string;
  /** list */
  sessions?: SessionSummary[];
  /** list: there may be more `after` this user. Empty: that was all. */
  next?: string;
  /** list: how many sessions were looked at. */
  looked?: string;
}

export interface SessionSummary {
  user?: string;
  /** "damaged": it cannot be read, and `text` says why. */
  state?: string;
  lifecycle?: string;
  course?: string;
  topic?: string;
  /** What it waits for. */
  tool?: string;
  /** Until when. */
  deadline?: string;
  /** Of its last record. */
  at?: string;
  last_seq?: string;
  stuck?: boolean;
  text?: string;
}

export interface Query {
  /** Newest entries wanted; 0: 100; 10,000 at most. */
  history_max?: number;
  /** Also the log sequences of the session's records. */
  records?: boolean;
  /** From this sequence on, 10,000 an answer at most. */
  records_from?: string | number;
  /** Not the first so many of those: after a lost tail numbers come twice. */
  records_skip?: string | number;
}

/** The answer when there is no such session: found false, everything else empty. */
export interface SessionView {
  found?: boolean;
  user?: string;
  state?: State;
  lifecycle?: Lifecycle;
  partition?: number;
  owner?: string;
  epoch?: string;
  /** Of the session: the last record folded into it. */
  applied_seq?: string;
  history?: HistoryEntry[];
  history_count?: string;
  context?: Context;
  busy_policy?: BusyPolicy;
  syllabus?: SessionViewSyllabusView;
  current_question?: SessionViewOpenQuestionView;
  pending_calls?: SessionViewCallView[];
  failed_call?: SessionViewCallView;
  timers?: SessionViewTimerView[];
  counters?: SessionViewCounterView[];
  clients?: string[];
  /** Deferred events. */
  inbox?: number;
  /** Of the last client message. */
  n?: number;
  nudges?: number;
  first_seq?: string;
  /** Of the last record. */
  at?: string;
  records?: string[];
  /** The query could not be answered. */
  error?: Error;
  /** SHA-256 of the session's whole canonical dump. */
  state_digest?: string;
  /** The one that waits. */
  draft?: Draft;
  /** More history or records were asked for than fit into one message. */
  cut?: boolean;
}

export interface SessionViewSyllabusView {
  course?: string;
  version?: string;
  topic?: string;
  done?: string[];
  /** Ids of the questions still to ask. */
  queue?: string[];
  segment?: number;
}

export interface SessionViewOpenQuestionView {
  question?: QuestionView;
  attempts?: Attempt[];
  hints_shown?: number;
}

export interface SessionViewCallView {
  id?: string;
  tool?: Tool;
  origin?: State;
  question_id?: string;
  attempt?: number;
  deadline?: string;
  /** failed_call: why. */
  code?: string;
}

export interface SessionViewTimerView {
  kind?: TimerKind;
  token?: string;
  due?: string;
}

export interface SessionViewCounterView {
  name?: string;
  value?: string;
}

export interface DeadLetter {
  partition?: number;
  sequence?: string;
  subject?: string;
  /** undecodable | wrong_class | wrong_partition | bad_subject | buried | damaged */
  reason?: string;
  /** What is wrong and what to do. */
  text?: string;
  /** How often it was tried. */
  count?: number;
  at?: string;
  /** As it was stored. */
  record?: string;
  /** The record is only the beginning of what was stored. */
  cut?: boolean;
}
