/* Makes load for one server on this machine: one thread, epoll, requests made in advance where they repeat.
 *   cc -O2 -o load load.c -lm && load PORT
 * It obeys the lines of standard input, one at a time, and answers each with a line of JSON on standard output. Who
 * commands it can measure the server between two lines. Times are in microseconds, unless their name says otherwise.
 *
 *   awake YES                while nothing has come, 1: asks for it again and again; 0, as at first: sleeps
 *   bare N                   N connections without a handshake, to a server that echoes
 *   echo SECONDS Q R         each sends Q bytes and awaits R bytes, again and again
 *   trips N K Q R            N times K such round trips in turn on one connection
 *   stream N BYTES           N times BYTES there and back on one connection, to a server that pipes
 *   keep N BYTES             the same to a server that wants all of it before it sends
 *   users N                  N clients in one workspace
 *   pairs SECONDS S          each stores and fetches S bytes in a variable of its own, again and again
 *   pings SECONDS GAP        one of them after the other does so once, every GAP milliseconds
 *   values N BYTES           the first stores and fetches BYTES, N times, and compares
 *   finders                  all but the first wait in a find;   wake   the first stores what they wait for
 *   tree N V                 N more workspaces with V variables each, opened by the first user
 *   list N                   the first user lists the variables of one workspace, N times
 *   sleigh W M PERSISTENT    a sleigh with a sentinel, for W workers; one submits tasks, M (or one) take results; it stays
 *                            when they have gone if PERSISTENT is 1
 *   join N                   N workers more join, and ask for a task
 *   queue N S                the master submits N tasks of S bytes, and nobody answers
 *   tasks N L S              N tasks of S bytes are submitted, at most L at once, done, and their results taken
 *   single N S               the same, each only after the result of the one before; times from submit to result
 *   status N                 the master asks for the jobStatus, N times
 *   broadcast N              the master broadcasts, and takes the results when all have answered, N times; times from
 *                            the broadcast until the answer of each has been accepted
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, list);
  fputc('\n', stderr);
  exit(2);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

/* ---- times, in steps of 1 % ---- */

#define STEPS 2400
#define STEP 0.00995
static uint64_t histogram[STEPS], timed;

static void took(double seconds) {
  double us = seconds * 1e6;
  int i = us < 1 ? 0 : (int)(log(us) / STEP);
  histogram[i < STEPS ? i : STEPS - 1]++;
  timed++;
}

static double percentile(double p) {
  uint64_t wanted = (uint64_t)(p * timed), seen = 0;
  for (int i = 0; i < STEPS; i++)
    if ((seen += histogram[i]) > wanted) return exp(i * STEP);
  return 0;
}

static double begun, waited;

static void begin(void) {
  memset(histogram, 0, sizeof histogram);
  timed = 0;
  waited = 0;
  begun = now();
}

/* `waits` is the share of the time in which it had nothing to do: the server is what takes the time, if it is not near 0. */
static void answer(double count) {
  double seconds = now() - begun;
  printf("{\"count\":%.0f,\"seconds\":%.6f,\"waits\":%.3f,\"p50\":%.1f,\"p99\":%.1f}\n", count, seconds, waited / seconds, percentile(.5), percentile(.99));
  fflush(stdout);
}

/* ---- connections ---- */

typedef struct {
  char *bytes;
  size_t from, to, room;
} Buffer;

typedef struct {
  int fd, number;
  enum { IDLE, FIRST, SECOND, HELD } state;
  double since;
  Buffer in, out;
  char *requests[2]; /* those that it repeats */
  size_t lengths[2];
} Connection;

enum { MOST = 19000 };
static Connection connections[MOST], *users, *workers, *submitter, *takers, *sentinel;
static int isAwake, port, epoll, dialled, userCount, workerCount, takerCount;

static void append(Buffer *b, const void *bytes, size_t n) {
  if (b->from == b->to) b->from = b->to = 0;
  if (b->to + n > b->room) b->bytes = realloc(b->bytes, b->room = (b->to + n) * 2);
  memcpy(b->bytes + b->to, bytes, n);
  b->to += n;
}

static size_t held(Buffer *b) { return b->to - b->from; }

static void interest(Connection *c, int operation) {
  struct epoll_event e = { .events = EPOLLIN | (held(&c->out) ? EPOLLOUT : 0), .data.ptr = c };
  if (epoll_ctl(epoll, operation, c->fd, &e)) die("epoll_ctl: %s", strerror(errno));
}

/* Writes what waits; what cannot be written now is written when `serve` finds room. */
static void flush(Connection *c) {
  while (held(&c->out)) {
    ssize_t n = write(c->fd, c->out.bytes + c->out.from, held(&c->out));
    if (n < 0 && errno == EAGAIN) return interest(c, EPOLL_CTL_MOD);
    if (n < 0) die("write: %s", strerror(errno));
    c->out.from += n;
  }
}

static void say(Connection *c, const void *bytes, size_t n) {
  append(&c->out, bytes, n);
  flush(c);
}

/* Reads what is there. */
static void fill(Connection *c) {
  Buffer *b = &c->in;
  if (b->from == b->to) b->from = b->to = 0;
  if (b->room - b->to < 2048) b->bytes = realloc(b->bytes, b->room = b->room * 2 + 4096);
  ssize_t n = read(c->fd, b->bytes + b->to, b->room - b->to);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) die("connection %d was closed: %s", c->number, n ? strerror(errno) : "end");
  b->to += n;
}

static void await(Connection *c, size_t n) {
  while (held(&c->in) < n) {
    struct pollfd p = { .fd = c->fd, .events = POLLIN | (held(&c->out) ? POLLOUT : 0) };
    if (poll(&p, 1, 60000) <= 0) die("connection %d waits in vain", c->number);
    if (p.revents & POLLOUT) flush(c);
    if (p.revents & ~POLLOUT) fill(c);
  }
}

static const char *head(Connection *c) { return c->in.bytes + c->in.from; }

static Connection *dial(void) {
  if (dialled == MOST) die("more than %d connections", MOST);
  Connection *c = &connections[dialled];
  c->number = dialled++;
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  if (connect(c->fd, (void *)&to, sizeof to)) die("connect: %s", strerror(errno));
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct linger reset = { .l_onoff = 1 };
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset); /* no port is left behind */
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  interest(c, EPOLL_CTL_ADD);
  return c;
}

/* ---- the protocol ---- */

static long number(const char *s, int n) {
  long v = 0;
  while (n--) v = v * 10 + (*s++ - '0');
  return v;
}

static void words(Buffer *b, int n, ...) {
  char count[32];
  append(b, count, sprintf(count, "%04d", n));
  va_list list;
  va_start(list, n);
  for (int i = 0; i < n; i++) {
    const char *word = va_arg(list, const char *);
    append(b, count, sprintf(count, "%020zu", strlen(word)));
    append(b, word, strlen(word));
  }
  va_end(list);
}

/* The size of the whole reply at the head of the input, 0 while it is not whole. */
static size_t reply(Connection *c, int isLong) {
  size_t there = held(&c->in), size = 4;
  if (isLong) size = there < 84 ? 84 : 84 + number(head(c) + 64, 20);
  if (there < size) return 0;
  if (memcmp(head(c), "0000", 4)) die("connection %d got status %.4s", c->number, head(c));
  return size;
}

static int take(Connection *c, int isLong) {
  size_t size = reply(c, isLong);
  c->in.from += size;
  return size > 0;
}

/* Awaits a reply; what a long one carries is at the head until `take`. */
static void awaitReply(Connection *c, int isLong) {
  flush(c);
  size_t n;
  while (!(n = reply(c, isLong))) await(c, held(&c->in) + 1);
}

static void finish(Connection *c, int isLong) {
  awaitReply(c, isLong);
  take(c, isLong);
}

#define NAME "bench"
#define NO_METADATA "0000"
#define BATCH "00010007batchId00011"

static Connection *greet(int metadata) {
  Connection *c = dial();
  say(c, "X000", 4);
  await(c, 8);
  long entries = number(head(c) + 4, 4) * 2;
  for (c->in.from += 8; entries > 0; entries--) {
    await(c, 4);
    long n = number(head(c), 4);
    await(c, 4 + n);
    c->in.from += 4 + n;
  }
  if (metadata) say(c, "R00000010016MetadataToServer00011", 33);
  else say(c, "R0000000", 8);
  await(c, 4);
  if (memcmp(head(c), "A000", 4)) die("the handshake was denied");
  c->in.from += 4;
  return c;
}

static char *text(size_t n) {
  char *value = malloc(n + 1);
  for (size_t i = 0; i < n; i++) value[i] = 'a' + i % 26;
  value[n] = 0;
  return value;
}

static void prepare(Connection *c, int which, Buffer *request) {
  free(c->requests[which]);
  c->requests[which] = request->bytes;
  c->lengths[which] = request->to;
}

static void repeat(Connection *c, int which) { say(c, c->requests[which], c->lengths[which]); }

/* Lets connections make progress for at most a second; `arrived` is told who has read something. */
static void serve(void (*arrived)(Connection *)) {
  struct epoll_event events[256];
  double since = now();
  int n = epoll_wait(epoll, events, 256, isAwake ? 0 : 1000);
  waited += now() - since;
  for (int i = 0; i < n; i++) {
    Connection *c = events[i].data.ptr;
    if (events[i].events & EPOLLOUT) {
      flush(c);
      if (!held(&c->out)) interest(c, EPOLL_CTL_MOD);
    }
    if (!(events[i].events & ~EPOLLOUT)) continue;
    fill(c);
    arrived(c);
  }
}

static double progress;
static void stalled(long done, long before) {
  if (done != before) progress = now();
  else if (now() - progress > 60) die("nothing has moved for a minute, at %ld", done);
}

/* ---- a bare server ---- */

static long done, wanted;
static size_t replyBytes;

static void echoed(Connection *c) {
  if (held(&c->in) < replyBytes) return;
  c->in.from += replyBytes;
  done++;
  took(now() - c->since);
  c->since = now();
  repeat(c, 0);
}

static void echo(double seconds, size_t q, size_t r) {
  replyBytes = r, done = 0;
  begin();
  for (int i = 0; i < dialled; i++) {
    Buffer request = { 0 };
    append(&request, text(q), q);
    prepare(&connections[i], 0, &request);
    connections[i].since = now();
    repeat(&connections[i], 0);
  }
  while (now() - begun < seconds) serve(echoed);
  answer(done);
  for (int i = 0; i < dialled; i++) {
    await(&connections[i], r);
    connections[i].in.from += r;
  }
}

static void trips(long n, int k, size_t q, size_t r) {
  Connection *c = &connections[0];
  char *request = text(q);
  begin();
  for (long i = 0; i < n; i++) {
    double t = now();
    for (int j = 0; j < k; j++) {
      say(c, request, q);
      await(c, r);
      c->in.from += r;
    }
    took(now() - t);
  }
  answer(n);
  free(request);
}

/* Sends and reads `bytes`, in pieces of a pattern whose period divides the piece; compares what comes back. */
enum { PIECE = 26 << 13 };
static char pattern[PIECE * 2];

static void transfer(Connection *c, size_t send, size_t receive, int atOnce) {
  static char piece[PIECE];
  size_t sent = 0, received = 0;
  while (sent < send || received < receive) {
    int writes = sent < send, reads = received < receive && (atOnce || !writes);
    struct pollfd p = { .fd = c->fd, .events = (writes ? POLLOUT : 0) | (reads ? POLLIN : 0) };
    if (poll(&p, 1, 60000) <= 0) die("a transfer has stalled");
    if (p.revents & POLLOUT) {
      size_t at = sent % PIECE, n = send - sent < PIECE ? send - sent : PIECE;
      ssize_t w = write(c->fd, pattern + at, n);
      if (w < 0 && errno != EAGAIN) die("write: %s", strerror(errno));
      if (w > 0) sent += w;
    }
    if (reads && (p.revents & ~POLLOUT)) {
      ssize_t r = read(c->fd, piece, receive - received < PIECE ? receive - received : PIECE);
      if (r == 0 || (r < 0 && errno != EAGAIN)) die("read: %s", r ? strerror(errno) : "end");
      if (r > 0 && memcmp(piece, pattern + received % PIECE, r)) die("the bytes came back changed");
      if (r > 0) received += r;
    }
  }
}

static void stream(long n, size_t bytes, int atOnce) {
  begin();
  for (long i = 0; i < n; i++) {
    double t = now();
    transfer(&connections[0], bytes, bytes, atOnce);
    took(now() - t);
  }
  answer(n);
}

/* ---- workspaces ---- */

static void enter(long n) {
  users = &connections[dialled];
  userCount = n;
  begin();
  for (long i = 0; i < n; i++) {
    Connection *c = greet(0);
    words(&c->out, 4, i ? "use ws" : "open ws", NAME, "load", "no");
    finish(c, 0);
  }
  answer(n);
}

static void preparePair(Connection *c, const char *value) {
  char variable[16];
  sprintf(variable, "v%d", c->number);
  Buffer store = { 0 }, fetch = { 0 };
  words(&store, 5, "store", NAME, variable, "1", value);
  words(&fetch, 3, "fetch", NAME, variable);
  prepare(c, 0, &store);
  prepare(c, 1, &fetch);
}

static void paired(Connection *c) {
  if (!take(c, c->state == SECOND)) return;
  took(now() - c->since);
  done++;
  c->state = c->state == FIRST ? SECOND : FIRST;
  c->since = now();
  repeat(c, c->state == SECOND);
}

static void pairs(double seconds, size_t bytes) {
  char *value = text(bytes);
  done = 0;
  begin();
  for (int i = 0; i < userCount; i++) {
    preparePair(&users[i], value);
    users[i].state = FIRST;
    users[i].since = now();
    repeat(&users[i], 0);
  }
  while (now() - begun < seconds) serve(paired);
  answer(done);
  for (int i = 0; i < userCount; i++) { /* everyone ends with an empty variable */
    finish(&users[i], users[i].state == SECOND);
    if (users[i].state == FIRST) repeat(&users[i], 1), finish(&users[i], 1);
  }
  free(value);
}

static void pings(double seconds, double gap) {
  long n = 0;
  begin();
  for (int i = 0; i < userCount; i++) preparePair(&users[i], "ping");
  for (; now() - begun < seconds; n++) {
    Connection *c = &users[n % userCount];
    for (int which = 0; which < 2; which++) {
      double t = now();
      repeat(c, which);
      finish(c, which);
      took(now() - t);
    }
    usleep(gap * 1000);
  }
  answer(n * 2);
}

static void values(long n, size_t bytes) {
  Connection *c = &users[0];
  char length[32];
  begin();
  for (long i = 0; i < n; i++) {
    double t = now();
    Buffer request = { 0 };
    words(&request, 4, "store", NAME, "large", "1");
    memcpy(request.bytes, "0005", 4);
    append(&request, length, sprintf(length, "%020zu", bytes));
    say(c, request.bytes, request.to);
    transfer(c, bytes, 0, 0);
    finish(c, 0);
    words(&c->out, 3, "fetch", NAME, "large");
    flush(c);
    /* The head alone: what is behind it is read where it is compared. */
    for (size_t got = 0; got < 84;) {
      static char heading[84];
      struct pollfd p = { .fd = c->fd, .events = POLLIN };
      poll(&p, 1, 60000);
      ssize_t r = read(c->fd, heading + got, 84 - got);
      if (r <= 0) die("no value came");
      if ((got += r) == 84 && (memcmp(heading, "0000", 4) || (size_t)number(heading + 64, 20) != bytes)) die("the value came back with status %.4s", heading);
    }
    transfer(c, 0, bytes, 0);
    took(now() - t);
    free(request.bytes);
  }
  answer(n);
}

static void finders(void) {
  begin();
  for (int i = 1; i < userCount; i++) {
    words(&users[i].out, 3, "find", NAME, "f");
    flush(&users[i]);
  }
  char line[32];
  sprintf(line, "f\t0\t0\t%d\t", userCount - 1);
  for (int all = 0; !all;) {
    words(&users[0].out, 2, "list vars", NAME);
    awaitReply(&users[0], 1);
    all = memmem(head(&users[0]), reply(&users[0], 1), line, strlen(line)) != NULL;
    take(&users[0], 1);
    usleep(1000);
  }
  answer(userCount - 1);
}

static void woken(Connection *c) {
  if (c == &users[0] || !take(c, 1)) return;
  took(now() - begun);
  done++;
}

static void wake(void) {
  done = 0;
  begin();
  words(&users[0].out, 5, "store", NAME, "f", "1", "go on");
  flush(&users[0]);
  while (done < userCount - 1) serve(woken);
  answer(done);
  finish(&users[0], 0);
  words(&users[0].out, 3, "fetch", NAME, "f");
  finish(&users[0], 1);
}

static void tree(long n, int variables) {
  static long made;
  begin();
  for (long i = 0; i < n; i++, made++) {
    char workspace[32], variable[32];
    sprintf(workspace, "workspace %ld", made);
    words(&users[0].out, 4, "open ws", workspace, "load", "no");
    for (int v = 0; v < variables; v++) {
      sprintf(variable, "variable %d", v);
      words(&users[0].out, 5, "store", workspace, variable, "1", "a value");
    }
    flush(&users[0]);
    for (int v = 0; v <= variables; v++) finish(&users[0], 0);
  }
  answer(n);
}

static void list(long n) {
  begin();
  for (long i = 0; i < n; i++) {
    double t = now();
    words(&users[0].out, 2, "list vars", "workspace 0");
    finish(&users[0], 1);
    took(now() - t);
  }
  answer(n);
}

/* ---- a sleigh ---- */

/* stays: its workspace is persistent, so that it survives the server */
static void sleigh(int expected, int masters, int stays) {
  char count[16];
  sprintf(count, "%d", expected);
  begin();
  submitter = greet(1);
  append(&submitter->out, "00010006wstype0006sleigh", 24);
  words(&submitter->out, 4, "open ws", NAME, "load", stays ? "yes" : "no");
  finish(submitter, 0);
  append(&submitter->out, NO_METADATA, 4);
  words(&submitter->out, 5, "store", NAME, "workerCount", "1", count);
  finish(submitter, 0);
  takers = &connections[dialled];
  takerCount = masters > 0 ? masters : 1;
  for (int i = 0; i < takerCount; i++) {
    greet(1);
    append(&takers[i].out, NO_METADATA, 4);
    words(&takers[i].out, 4, "use ws", NAME, "load", "no");
    finish(&takers[i], 0);
  }
  sentinel = greet(0);
  words(&sentinel->out, 4, "use ws", NAME, "load", "no");
  finish(sentinel, 0);
  workers = &connections[dialled];
  answer(1);
}

static void join(long n) {
  char rank[32];
  begin();
  for (long i = 0; i < n; i++) {
    words(&sentinel->out, 3, "fetch", NAME, "worker_ids");
    awaitReply(sentinel, 1);
    sprintf(rank, "%.*s", (int)number(head(sentinel) + 64, 20), head(sentinel) + 84);
    if (atoi(rank) != workerCount) die("rank %s for worker %d", rank, workerCount);
    take(sentinel, 1);
    Connection *c = greet(0);
    words(&c->out, 4, "use ws", NAME, "load", "no");
    finish(c, 0);
    words(&c->out, 5, "store", NAME, "worker_ids", "1", rank);
    finish(c, 0);
    Buffer fetch = { 0 };
    words(&fetch, 3, "fetch", NAME, "task");
    prepare(c, 1, &fetch);
    c->state = FIRST;
    repeat(c, 1);
    workerCount++;
  }
  answer(n);
}

static void prepareTasks(size_t bytes) {
  char *value = text(bytes);
  Buffer task = { 0 }, result = { 0 };
  append(&task, BATCH, 20);
  words(&task, 5, "store", NAME, "task", "1", value);
  prepare(submitter, 0, &task);
  append(&result, BATCH, 20);
  words(&result, 3, "fetch", NAME, "result");
  for (int i = 0; i < takerCount; i++) {
    Buffer fetch = { 0 };
    append(&fetch, result.bytes, result.to);
    prepare(&takers[i], 0, &fetch);
  }
  free(result.bytes);
  for (int i = 0; i < workerCount; i++) {
    Buffer store = { 0 };
    words(&store, 5, "store", NAME, "result", "1", value);
    prepare(&workers[i], 0, &store);
  }
  free(value);
}

static long submitted, asked, most;
static int broadcasts; /* then answers are counted as the workers give them */

static void submit(void) {
  while (submitted < wanted && submitted - done < most) {
    append(&submitter->out, submitter->requests[0], submitter->lengths[0]);
    submitted++;
  }
  flush(submitter);
}

/* Workers that have a task and answer later: no more results than tasks at once, however many tasks are queued. */
static Connection *holding[MOST];
static long answered;
static int heldCount;

static void giveResult(Connection *c) {
  if (answered - done >= most) {
    c->state = HELD;
    holding[heldCount++] = c;
    return;
  }
  answered++;
  c->state = SECOND;
  repeat(c, 0);
}

static void release(void) {
  while (heldCount > 0 && answered - done < most) giveResult(holding[--heldCount]);
}

static void askForResult(Connection *c) {
  if (asked == wanted) return;
  asked++;
  c->since = now();
  repeat(c, 0);
}

static void worked(Connection *c) {
  if (c == submitter) {
    while (take(c, 0)) continue;
  } else if (c >= takers && c < takers + takerCount) {
    if (!take(c, 1)) return;
    took(now() - c->since);
    if (++done == wanted) return;
    release();
    submit();
    askForResult(c);
  } else if (c->state == FIRST) {
    if (take(c, 1)) giveResult(c);
  } else if (take(c, 0)) {
    if (broadcasts) took(now() - submitter->since), done++;
    c->state = FIRST;
    repeat(c, 1);
  }
}

static void tasks(long n, long l, size_t bytes) {
  prepareTasks(bytes);
  done = submitted = asked = answered = 0, wanted = n, most = l;
  begin();
  progress = begun;
  release();
  submit();
  for (int i = 0; i < takerCount; i++) askForResult(&takers[i]);
  while (done < wanted) {
    long before = done;
    serve(worked);
    stalled(done, before);
  }
  answer(n);
}

static void queued(Connection *c) {
  while (take(c, 0)) done++;
}

static void queue(long n, size_t bytes) {
  prepareTasks(bytes);
  done = submitted = answered = 0, wanted = n, most = 1000;
  begin();
  while (done < wanted) {
    submit();
    awaitReply(submitter, 0);
    queued(submitter);
  }
  answer(n);
}

static void status(long n) {
  begin();
  for (long i = 0; i < n; i++) {
    double t = now();
    append(&takers->out, "00010003all00011", 16);
    words(&takers->out, 3, "fetch", NAME, "jobStatus");
    finish(takers, 1);
    took(now() - t);
  }
  answer(n);
}

/* Everyone waits for a task. */
static void settle(void) {
  for (int i = 0; i < workerCount; i++)
    while (workers[i].state != FIRST) serve(worked);
}

static void broadcast(long n) {
  prepareTasks(64);
  settle();
  Buffer request = { 0 };
  append(&request, BATCH, 20);
  words(&request, 5, "store", NAME, "broadcast", "1", "to all");
  broadcasts = 1;
  begin();
  for (long i = 0; i < n; i++) {
    done = answered = 0, most = workerCount;
    progress = submitter->since = now();
    say(submitter, request.bytes, request.to);
    while (done < workerCount) {
      long before = done;
      serve(worked);
      stalled(done, before);
    }
    /* None of them blocks, so all can be asked for at once. */
    for (int w = 0; w < workerCount; w++) append(&takers->out, takers->requests[0], takers->lengths[0]);
    for (int w = 0; w < workerCount; w++) finish(takers, 1);
  }
  broadcasts = 0;
  answer(n * workerCount);
  settle();
  free(request.bytes);
}

int main(int count, char **arguments) {
  if (count != 2) die("usage: load PORT");
  port = atoi(arguments[1]);
  epoll = epoll_create1(0);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  for (size_t i = 0; i < sizeof pattern; i++) pattern[i] = 'a' + i % 26;
  char line[256], word[32];
  while (fgets(line, sizeof line, stdin)) {
    double a = 0, b = 0, c = 0, d = 0;
    sscanf(line, "%31s %lf %lf %lf %lf", word, &a, &b, &c, &d);
    if (!strcmp(word, "awake")) {
      begin();
      isAwake = a;
      answer(1);
    } else if (!strcmp(word, "bare")) {
      begin();
      for (int i = 0; i < a; i++) dial();
      answer(a);
    } else if (!strcmp(word, "echo")) echo(a, b, c);
    else if (!strcmp(word, "trips")) trips(a, b, c, d);
    else if (!strcmp(word, "stream")) stream(a, b, 1);
    else if (!strcmp(word, "keep")) stream(a, b, 0);
    else if (!strcmp(word, "users")) enter(a);
    else if (!strcmp(word, "pairs")) pairs(a, b);
    else if (!strcmp(word, "pings")) pings(a, b);
    else if (!strcmp(word, "values")) values(a, b);
    else if (!strcmp(word, "finders")) finders();
    else if (!strcmp(word, "wake")) wake();
    else if (!strcmp(word, "tree")) tree(a, b);
    else if (!strcmp(word, "list")) list(a);
    else if (!strcmp(word, "sleigh")) sleigh(a, b, c);
    else if (!strcmp(word, "join")) join(a);
    else if (!strcmp(word, "queue")) queue(a, b);
    else if (!strcmp(word, "tasks")) tasks(a, b, c);
    else if (!strcmp(word, "single")) tasks(a, 1, b);
    else if (!strcmp(word, "status")) status(a);
    else if (!strcmp(word, "broadcast")) broadcast(a);
    else die("unknown command %s", line);
  }
  return 0;
}
