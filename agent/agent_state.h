// SPDX-License-Identifier: Apache-2.0
// What one agent is made of. Private to agent.c, connectivity.c, reporting.c, actions.c and to tests: others see agent.h.
//
// Flow of one step: inbox -> connectivity (link, session, Acks) and actions (commands, rollback) -> health loop -> records in
// the spool -> uplink. Retained memory: boot history 0..767 and 896..991, clock 768..831, the ladder's reboot budget 832..895.
#ifndef MU_AGENT_STATE_H
#define MU_AGENT_STATE_H
#include "agent/agent.h"
#include "agent/health/app_metrics.h"
#include "agent/health/boot_history.h"
#include "agent/health/heartbeat.h"
#include "agent/health/liveness.h"
#include "agent/health/verdict.h"
#include "agent/health/vitals.h"
#include "agent/heap_watch.h"
#include "agent/image/keyset.h"
#include "agent/inbox.h"
#include "agent/logbook.h"
#include "agent/network/clock.h"
#include "agent/network/link.h"
#include "agent/network/session.h"
#include "agent/network/sntp.h"
#include "agent/ota/boot_guard.h"
#include "agent/ota/rollback.h"
#include "agent/recovery/ladder.h"
#include "agent/recovery/netwatch.h"
#include "agent/socket_guard.h"
#include "agent/stores.h"
#include "agent/uplink/command.h"
#include "agent/uplink/overrides.h"
#include "agent/uplink/record.h"
#include "agent/uplink/spool.h"
#include "agent/uplink/uplink.h"

enum {
	MU_AGENT_BUDGET_OFFSET = 832, // in retained memory
	MU_AGENT_HEALTH_PERIOD_MS = 1000, // vitals, verdict, watchdog
	MU_AGENT_WATCHDOG_MS = 30000,
	MU_AGENT_FAREWELL_MS = 5000, // an accepted reboot waits so long at most for its result to be acked
	MU_AGENT_REASONS = 8, // disconnect reasons counted apart; the rest adds to the rarest
};

// Disconnects of the link since boot; by reason also the tries that failed.
// A time without the link, or without a session: from a loss, or from the first try of a boot that failed.
struct mu_outage {
	uint64_t since_ms; // UINT64_MAX: there is none
	int32_t reason; // of the last try in it that failed; 0: none did
};

struct mu_disconnects {
	uint32_t total;
	uint32_t used;
	struct {
		uint32_t reason, count;
	} by_reason[MU_AGENT_REASONS];
};

enum { MU_TIME_UNCHECKED, MU_TIME_FAILED, MU_TIME_STEPPED, MU_TIME_REPORTS };

// The rest of what timekeeping.c knows, beside the clock.
struct mu_timekeeping {
	bool open_held; // the ladder wants the session; it waits for the first answer of a time server
	uint32_t unchecked; // sessions opened with the dates unjudged
	uint64_t report_due_ms[MU_TIME_REPORTS]; // none of its kind before
	struct mu_sntp sntp;
};

// A restart that is waiting for something to be acked first.
struct mu_farewell {
	bool due;
	int cause; // Mu__ResetCause
	uint64_t seq, deadline_ms;
};

// Small members first: what lies within the first 2 KiB needs no address of its own, in every function. Here and in what it is made of those of
// 8 bytes lie together, so that little is lost to their alignment.
struct mu_agent {
	const struct mu_port *port;
	uint8_t *retained; // the port's
	uint32_t verdict; // bits of VerdictBit
	uint32_t flash_faults;
	uint32_t reconnects;
	uint32_t spool_damage_told; // sectors, with the last event spool_damaged
	uint16_t close_calls_told; // bits of tokens: the event close_call names each once a boot
	uint8_t key_count; // as last opened
	bool stopped; // a restart was asked for; nothing is done any more
	bool has_spool; // false: its flash failed at start; the agent lives on without records
	bool has_slots;
	bool began; // the first step has been made
	bool watchdog_armed;
	bool repair_tried; // of otadata, after a rescue boot
	uint64_t health_due_ms;
	uint64_t announced_seq; // of the ACCEPTED result that the rollback waits for; 0: none
	struct {
		uint64_t window_ms, busy_us; // of the running heartbeat interval
		uint32_t step_max_us;
	} cost;
	struct mu_liveness_look tokens; // as of the last step
	struct mu_agent_config config; // defaults filled in

	// Connection
	struct mu_ladder ladder;
	struct mu_netwatch netwatch;
	struct mu_session session;
	struct mu_clock clock;
	struct mu_timekeeping timekeeping;
	struct mu_link link;
	struct mu_disconnects disconnects;
	struct mu_losses losses;
	struct mu_outage link_outage, session_outage;

	// Records
	struct mu_heartbeat heartbeat;
	struct mu_logbook logbook;
	struct mu_uplink uplink;

	// Commands, firmware
	struct mu_farewell farewell;
	struct mu_overrides overrides;
	struct mu_stores stores;
	struct mu_rollback rollback;
	struct mu_journal journal;
	struct mu_boot_guard guard;
	struct mu_source keys; // their sector; read when a command comes
	char id[MU_ID_MAX + 1];
	char firmware[MU_FIRMWARE_MAX];

	// The large ones
	struct mu_liveness liveness;
	struct mu_heap_watch heap_watch;
	struct mu_vitals vitals;
	struct mu_socket_guard sockets;
	struct mu_app_metrics app;
	struct mu_slots slots;
	struct mu_command command;
	struct mu_boot_history boots;
	struct mu_spool spool;
	struct mu_inbox inbox;

	// Of one call at a time: whatever makes a record ends the life of a command and of an Uplink in here. So a command is done with (but for
	// what its decision holds) before its result is recorded, and an Uplink is the port's when it has been published.
	union {
		uint8_t command[MU_COMMAND_SCRATCH_BYTES];
		struct {
			union {
				struct mu_heartbeat_storage heartbeat;
				struct mu_boot_storage boot;
			} from;
			uint8_t packed[MU_SPOOL_RECORD_MAX];
		} record;
		uint8_t batch[MU_AGENT_BATCH_BYTES]; // an Uplink from building it to handing it to the port, if the caller lends no buffer
	} scratch;
};

// Records why, asks the port for a restart, and stops. cause: Mu__ResetCause; token: who hung, or null.
void mu_agent_restart(struct mu_agent *agent, int cause, const char *token, uint64_t now_ms);

// level: LogLevel of muster.proto; line: key=value text. To the port's log, and as a record if the level is on (from the first step on).
void mu_agent_log(struct mu_agent *agent, int level, const char *line);

#endif
