// SPDX-License-Identifier: Apache-2.0
// What becomes of ten descriptors when peers vanish without a FIN: an application on the real lwIP, with the registry of the agent
// (agent/network/sockets.c), with keep-alive alone, and with nothing.
//
//   bench-lwip [CYCLES]     10 000 unless told otherwise; one row each, then TAP lines. Exit 1 if one of them is not ok.
//
// The application opens a connection, loses its peer in one of the ways below, and does what is usual: it closes what lwIP reports as over, and
// opens another connection when it has heard nothing for 30 s. What it forgets then is what a fleet dies of.
#include "agent/network/sockets.h"
#include "lwip_sockets.h"
#include "peer.h"
#include "world.h"
#include <lwip/errno.h>
#include <lwip/sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	CYCLES = 10000,
	PATIENCE_MS = 30000,
	STEP_MS = 250,
	CONNECT_MS = 2000,
	OLD_AGE_MS = 2 * 3600 * 1000, // by then lwIP has given up everything
};

enum guard { NO_GUARD, KEEP_ALIVE, DEADLINES, REGISTRY }; // DEADLINES: the registry on a stack without keep-alive

// How a peer, or the owner, leaves the socket behind.
enum loss {
	IDLE, // vanished, while nothing was under way
	IN_FLIGHT, // vanished, then data was sent
	STALLED, // its process hangs: probes are answered, data is not taken
	HANDSHAKE, // vanished before it was connected to
	REBOOT, // knows nothing of the connection
	HALF_CLOSED, // ended its stream, and lives on; the owner does not look, and never closes
	UNREAD, // vanished after sending what the owner does not read
	FORGOTTEN, // let go of by the owner, and not closed
	LOSSES
};
static const char *const loss_names[] = { "idle", "data in flight", "stalled", "handshake", "reboot", "half closed", "unread data",
	"let go, not closed", "each in turn" };

struct tally {
	unsigned opened, enfile, refused, failed; // failed: any other error of a call
	unsigned most_open, left_open, left_blocks;
	unsigned by_why[MU_SOCKET_REFUSED + 1];
	uint64_t virtual_ms;
	double real_s;
};

struct run {
	enum guard guard;
	struct mu_port port;
	struct mu_sockets sockets;
	struct tally tally;
};

// One connection, as its owner knows it.
struct owned {
	int descriptor, handle;
	bool over;
};

static const struct mu_socket_options options = { MU_SOCKETS_KEEP_IDLE_S, MU_SOCKETS_KEEP_INTERVAL_S, MU_SOCKETS_KEEP_PROBES,
	MU_SOCKETS_UNACKED_MS };

// Lets the world go on, and the agent take its step.
static void live(struct run *run, uint64_t duration_ms)
{
	struct mu_socket_news news;
	for (uint64_t end_ms = world_now_ms() + duration_ms; world_now_ms() < end_ms;) {
		world_run(STEP_MS);
		while (run->guard >= DEADLINES && mu_sockets_step(&run->sockets, world_now_ms(), &news))
			run->tally.by_why[news.why]++;
		if (lwip_sockets_open() > run->tally.most_open)
			run->tally.most_open = lwip_sockets_open();
	}
}

// ---- the application

static int open_socket(struct run *run, struct owned *owned)
{
	*owned = (struct owned){ .descriptor = -1 };
	for (int tries = 0; run->guard >= DEADLINES; tries++) {
		int err = mu_sockets_admit(&run->sockets, "app", false, 0, 0, world_now_ms());
		if (err == 0)
			break;
		run->tally.refused += err != MU_ERR_BUSY;
		if (err != MU_ERR_BUSY || tries == 10)
			return -1;
		live(run, STEP_MS);
	}
	owned->descriptor = lwip_socket(AF_INET, SOCK_STREAM, 0);
	if (owned->descriptor < 0) {
		run->tally.enfile += errno == ENFILE;
		run->tally.failed += errno != ENFILE;
		return -1;
	}
	if (run->guard >= DEADLINES)
		owned->handle = mu_sockets_add(&run->sockets, owned->descriptor, "app", false, world_now_ms());
	else if (run->guard == KEEP_ALIVE)
		run->tally.failed += lwip_sockets.configure(0, owned->descriptor, &options) < 0;
	else
		lwip_fcntl(owned->descriptor, F_SETFL, O_NONBLOCK);
	return 0;
}

static void connect_socket(struct run *run, const struct owned *owned)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = lwip_htons(1883), .sin_addr.s_addr = lwip_htonl(0x0A000001) };
	int result = lwip_connect(owned->descriptor, (struct sockaddr *)&address, sizeof address);
	run->tally.failed += result < 0 && errno != EINPROGRESS;
	live(run, CONNECT_MS);
}

static void send_text(struct run *run, const struct owned *owned)
{
	static const char text[] = "a report that nobody will acknowledge";
	run->tally.failed += lwip_send(owned->descriptor, text, sizeof text, 0) != sizeof text;
}

static void lose(struct run *run, const struct owned *owned, enum loss loss)
{
	switch (loss) {
	case STALLED: peer_stall(); break;
	case REBOOT: peer_set(PEER_REBOOTED); break;
	case HALF_CLOSED: peer_end_streams(); break;
	case UNREAD: peer_send("nobody reads this"); break;
	default: break;
	}
	live(run, STEP_MS);
	if (loss != REBOOT && loss != STALLED && loss != HALF_CLOSED)
		peer_set(PEER_VANISHED);
	if (loss == IN_FLIGHT || loss == STALLED)
		send_text(run, owned);
}

// What lwIP reports as over is closed. The owner of a half-closed or unread connection does not look.
static void look_after(struct run *run, struct owned *owned, enum loss loss)
{
	char bytes[64];
	if (run->guard >= DEADLINES) {
		owned->over = mu_sockets_progress(&run->sockets, owned->handle) == MU_ERR_CLOSED;
		return;
	}
	if (loss == HALF_CLOSED || loss == UNREAD || lwip_recv(owned->descriptor, bytes, sizeof bytes, 0) > 0 || errno == EWOULDBLOCK)
		return;
	lwip_close(owned->descriptor);
	owned->over = true;
}

static void cycle(struct run *run, enum loss loss)
{
	struct owned owned;
	peer_set(loss == HANDSHAKE ? PEER_VANISHED : PEER_LIVES);
	if (open_socket(run, &owned) < 0) {
		live(run, PATIENCE_MS);
		return;
	}
	run->tally.opened++;
	connect_socket(run, &owned);
	if (loss == FORGOTTEN) {
		if (run->guard >= DEADLINES)
			mu_sockets_release(&run->sockets, owned.handle, world_now_ms());
		live(run, STEP_MS);
		peer_set(PEER_VANISHED);
		live(run, CONNECT_MS);
		return; // without a close
	}
	lose(run, &owned, loss);
	for (uint64_t end_ms = world_now_ms() + PATIENCE_MS; !owned.over && world_now_ms() < end_ms;) {
		live(run, 4 * STEP_MS);
		look_after(run, &owned, loss);
	}
}

// ---- runs

static int only_non_blocking(void *context, int descriptor, const struct mu_socket_options *unused)
{
	(void)unused;
	return lwip_sockets.configure(context, descriptor, &(struct mu_socket_options){ 0 });
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct tally go(enum guard guard, enum loss loss, unsigned cycles)
{
	static const char *const guards[] = { "nothing", "keep-alive", "deadlines", "registry" };
	static struct mu_socket_port without_keep_alive;
	without_keep_alive = lwip_sockets;
	without_keep_alive.configure = only_non_blocking;
	struct run run = { .guard = guard, .port = { .socket = guard == DEADLINES ? &without_keep_alive : &lwip_sockets } };
	uint64_t from_ms = world_now_ms();
	double from_s = seconds();
	mu_sockets_init(&run.sockets, &run.port, &mu_heap_gates_default);
	for (unsigned i = 0; i < cycles; i++)
		cycle(&run, loss == LOSSES ? (enum loss)(i % LOSSES) : loss);
	live(&run, 2000); // what is still to be swept
	struct tally *tally = &run.tally;
	tally->left_open = lwip_sockets_open();
	tally->left_blocks = world_control_blocks();
	tally->virtual_ms = world_now_ms() - from_ms;
	tally->real_s = seconds() - from_s;
	printf("%-11s%-20s%7u%8u%8u%6u%6u%8u%8u%7u%6u%8u%8.1f%7.1f\n", guards[guard], loss_names[loss], cycles, tally->opened,
		tally->enfile, tally->most_open, tally->left_open, tally->left_blocks, tally->by_why[MU_SOCKET_SILENT],
		tally->by_why[MU_SOCKET_STUCK], tally->by_why[MU_SOCKET_GONE], tally->by_why[MU_SOCKET_ORPHAN],
		(double)tally->virtual_ms / 3600e3, tally->real_s);
	fflush(stdout);
	lwip_sockets_close_all();
	world_run(OLD_AGE_MS);
	return *tally;
}

static int claim(bool holds, const char *text)
{
	static unsigned number;
	printf("%s %u - lwip: %s\n", holds ? "ok" : "not ok", ++number, text);
	return !holds;
}

// why: how each one was found; MU_SOCKET_ALIVE: in whatever way.
static bool survives(const struct tally *tally, unsigned cycles, enum mu_socket_why why)
{
	return tally->opened == cycles && !tally->enfile && !tally->refused && !tally->failed && !tally->left_open &&
		tally->most_open <= 2 && (!why || tally->by_why[why] == cycles);
}

static bool starves(const struct tally *tally, unsigned cycles)
{
	return tally->enfile > 0 && tally->opened < cycles && tally->most_open == 10 && !tally->failed;
}

int main(int count, char **words)
{
	unsigned cycles = count > 1 ? (unsigned)strtoul(words[1], 0, 10) : CYCLES;
	if (cycles < 50) {
		fprintf(stderr, "usage: bench-lwip [CYCLES]   at least 50\n");
		return 2;
	}
	world_begin();
	printf("%-11s%-20s%7s%8s%8s%6s%6s%8s%8s%7s%6s%8s%8s%7s\n", "guard", "peer is lost", "cycles", "opened", "ENFILE", "most", "left",
		"blocks", "silent", "stuck", "gone", "orphan", "hours", "s");
	struct tally nothing_idle = go(NO_GUARD, IDLE, cycles), nothing_flight = go(NO_GUARD, IN_FLIGHT, cycles);
	struct tally kept_idle = go(KEEP_ALIVE, IDLE, cycles), kept_flight = go(KEEP_ALIVE, IN_FLIGHT, cycles);
	struct tally kept_stalled = go(KEEP_ALIVE, STALLED, cycles), kept_handshake = go(KEEP_ALIVE, HANDSHAKE, cycles);
	struct tally timed_flight = go(DEADLINES, IN_FLIGHT, cycles);
	struct tally idle = go(REGISTRY, IDLE, cycles), flight = go(REGISTRY, IN_FLIGHT, cycles), stalled = go(REGISTRY, STALLED, cycles);
	struct tally handshake = go(REGISTRY, HANDSHAKE, cycles), each = go(REGISTRY, LOSSES, cycles);
	int failed = claim(starves(&nothing_idle, cycles), "without a guard, peers that vanish end in ENFILE");
	failed |= claim(starves(&nothing_flight, cycles), "... with data in flight, too");
	failed |= claim(kept_idle.opened == cycles && kept_flight.opened == cycles, "keep-alive alone saves who closes what he is told of");
	failed |= claim(starves(&kept_stalled, cycles), "... but does not fire while probes are answered and data is not: ENFILE");
	failed |= claim(starves(&kept_handshake, cycles), "... nor before a connection is made: ENFILE");
	failed |=
		claim(survives(&timed_flight, cycles, MU_SOCKET_STUCK), "without keep-alive the registry's deadline finds data in flight");
	failed |= claim(survives(&idle, cycles, MU_SOCKET_SILENT), "the registry leaves no descriptor behind");
	failed |= claim(survives(&flight, cycles, MU_SOCKET_SILENT), "... none with data in flight");
	failed |= claim(survives(&stalled, cycles, MU_SOCKET_STUCK), "... none with data that is not taken");
	failed |= claim(survives(&handshake, cycles, MU_SOCKET_STUCK), "... none that was never connected");
	failed |= claim(survives(&each, cycles, MU_SOCKET_ALIVE) && each.by_why[MU_SOCKET_GONE] && each.by_why[MU_SOCKET_ORPHAN],
		"... none, whatever way a peer or its owner goes");
	failed |= claim(world_control_blocks() == 0 && lwip_sockets_open() == 0, "two hours later lwIP holds nothing at all");
	return failed;
}
