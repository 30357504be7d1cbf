"""The names of the protocol. They appear as text nowhere else in this package."""

from __future__ import annotations

# The verbs whose replies have a value (P7.2).
LONG_VERBS = frozenset(
    {
        "fetch",
        "find",
        "fetchTry",
        "findTry",
        "ifetch",
        "ifind",
        "ifetchTry",
        "ifindTry",
        "take",
        "takeTry",
        "storeWait",
        "list vars",
        "list wss",
        "mktemp ws",
    }
)

# The verbs that wait until there is a value (V4, V10, V13) or room for one (V14).
WAITING_VERBS = frozenset({"fetch", "find", "ifetch", "ifind", "take", "storeWait"})


class Variable:
    """The variables of a job."""

    RANK_COUNT = "rankCount"
    WORKER_COUNT = "workerCount"
    STATUS = "status"
    WORKER_IDS = "worker_ids"
    SENTINEL_ALIVE = "sentinel_alive"
    TASK = "task"
    BROADCAST = "broadcast"
    RESULT = "result"
    JOB_STATUS = "jobStatus"
    FIXED_ARG_ID = "fixedargID"
    AGENT_STATUS = "agentStatus"
    BYE = "bye"
    LOG_DEBUG = "logDebug"
    LOG_ERROR = "logError"
    RIDE_OVER = "Sleigh ride over"
    WORKER_DEAD = "worker_dead"
    # Which batches are cancelled, by id (S22.3).
    CANCELLED = "#cancelled"
    # What masters and sentinels tell, and what the page asks (S24).
    PROGRESS = "#progress"
    FAILURES = "#failures"
    SENTINEL = "#sentinel "
    ORDERS = "#orders"
    # What calls say while they run (S23.9).
    CALLS = "#calls"
    # The value that the holder of a lock has on lease, which the clients of this project agree on.
    LOCK = "#lock "


class Key:
    """The keys of metadata. The server sends those that begin with ``nws``."""

    REASON = "nwsReason"
    WS_TYPE = "wstype"
    CAPACITY = "capacity"
    LEASE = "nwsLease"
    JOB = "job"
    LOST = "nwsLost"
    ON_DEAD_WORKER = "onDeadWorker"
    MAX_ATTEMPTS = "maxAttempts"
    JOIN = "join"
    RECONNECT_GRACE = "reconnectGrace"
    DELAY = "delay"
    REPLACES = "replaces"
    SESSION = "session"
    REQUEST = "request"
    ANSWERED = "answered"
    DOING = "doing"
    TASK_NUMBER = "nwsTask"
    BUSY = "nwsBusy"
    GRACE = "nwsGrace"
    HOST = "host"
    PID = "pid"
    BATCH_ID = "batchId"
    KEEP_IN = "keepIn"
    KEEP_AS = "keepAs"
    ELEMENT_IN = "elementIn"
    MAILBOX = "mailbox"
    SHARES = "shares"
    INDEX = "index"
    ATTEMPT = "attempt"
    SHARE = "share"
    PRIORITY = "priority"
    TASK_HOST = "taskHost"
    SEED = "seed"
    # Another rank of the process of a worker has called the function of a broadcast (S22.16).
    BESIDE = "beside"
    LISTENS = "listens"
    TASK = "task"
    REACH = "reach"
    COPIES = "nwsCopies"
    WORKER_RANK = "nwsWorkerRank"
    ALL = "all"
    PENDING = "nwsPending"
    RUNNING = "nwsRunning"
    REPLACEMENTS = "nwsReplacements"
    HOW = "how"
    WHY = "why"
    LAST_WORDS = "lastWords"
    AT = "at"
    NULL = "nwsNull"
    NULL_WHY = "nwsWhy"
    NULL_HOW = "nwsHow"
    NULL_LAST_WORDS = "nwsLastWords"
    NULL_AT = "nwsAt"
    TYPE = "type"
    LANGUAGE = "language"
    MODULE = "module"
    # The main file of a Python master, if values refer to it (C8).
    MAIN = "main"
    FUNCTION = "function"
    CHUNK = "chunk"
    BUDGET = "budget"
    TOOK = "took"
    FIXED_ARGS = "fixedArgs"
    FIXED_ARGS_FROM = "fixedArgsFrom"
    TIMEOUT = "timeout"
    EVERYONE = "everyone"
    ERROR = "error"
    RANK = "rank"
    TIME = "time"
    ENDED = "ended"
    STATION = "station"
    WORKERS = "workers"
    BYE_REASON = "reason"
    PASSED_ON = "passedOn"
