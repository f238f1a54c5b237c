// SPDX-License-Identifier: Apache-2.0
#include "agent/stores.h"
#include "agent/actions.h"
#include "agent/agent_state.h"
#include "agent/reporting.h"

// Slots that are there but could not be read to their end are read anew, not opened anew: a rollback may be at work with them.
static int open_slots(struct mu_agent *agent)
{
	if (agent->has_slots)
		return mu_slots_refresh(&agent->slots);
	int err = mu_slots_init(&agent->slots, agent->port);
	if (err >= 0)
		err = mu_journal_init(&agent->journal, agent->port);
	if (err >= 0)
		err = mu_rollback_init(&agent->rollback, &agent->slots, &agent->journal);
	agent->has_slots = err >= 0;
	return err;
}

static int open_spool(struct mu_agent *agent)
{
	const struct mu_agent_config *config = &agent->config;
	int err = mu_spool_open(&agent->spool, agent->port);
	agent->has_spool = err >= 0;
	mu_uplink_init(&agent->uplink, &agent->spool, agent->port, agent->id, mu_boot_history_boot(&agent->boots),
		config->batch ? config->batch : agent->scratch.batch, config->batch ? config->batch_bytes : sizeof agent->scratch.batch,
		config->batch_bytes);
	return err;
}

static int read_keys(void *context, uint32_t offset, void *buffer, size_t size)
{
	const struct mu_port *port = context;
	return port->flash->read(port->context, MU_PART_KEYS, offset, buffer, size);
}

static int open_keys(struct mu_agent *agent)
{
	agent->keys = (struct mu_source){ .context = (void *)(uintptr_t)agent->port, .read = read_keys, .size_bytes = MU_KEYSET_SIZE_MAX };
	int count = mu_keyset_check(&agent->keys);
	agent->key_count = count < 0 ? 0 : (uint8_t)count;
	return count == MU_ERR_IO ? count : 0; // keys that are no keys do not become so by reading them again
}

// Without a spool it cannot be told for how long the device has lived: one that refuses to be read counts as old, one that is not there does not.
static int open_commands(struct mu_agent *agent)
{
	bool has_lived = agent->stores.missing & MU_STORE_SPOOL;
	has_lived |= agent->has_spool && mu_spool_next_seq(&agent->spool) > MU_STORES_YOUNG_RECORDS;
	return mu_command_open(&agent->command, has_lived);
}

static const struct {
	uint32_t store;
	int (*open)(struct mu_agent *agent);
} stores[] = {
	{ MU_STORE_SLOTS, open_slots },
	{ MU_STORE_SPOOL, open_spool },
	{ MU_STORE_KEYS, open_keys },
	{ MU_STORE_COMMANDS, open_commands },
};

void mu_stores_open(struct mu_agent *agent, uint32_t which)
{
	for (unsigned i = 0; i < sizeof stores / sizeof *stores; i++) {
		if (!(which & stores[i].store))
			continue;
		int err = stores[i].open(agent);
		bool is_unread = err == MU_ERR_IO || err == MU_ERR_CRC;
		agent->stores.missing = is_unread ? agent->stores.missing | stores[i].store : agent->stores.missing & ~stores[i].store;
		agent->flash_faults += is_unread;
	}
}

// Slots whose images the flash did not give to their end. Not while a rollback works with them.
static uint32_t unread_slots(const struct mu_agent *agent)
{
	bool is_quiet = agent->slots.check != MU_SLOTS_CHECK_RUNNING && agent->rollback.state == MU_ROLLBACK_IDLE;
	return agent->has_slots && agent->slots.unread && is_quiet ? MU_STORE_SLOTS : 0;
}

static uint32_t those_there(const struct mu_agent *agent)
{
	return (agent->has_slots ? MU_STORE_SLOTS : 0) | (agent->has_spool ? MU_STORE_SPOOL : 0) |
		(~agent->stores.missing & MU_STORE_COMMANDS);
}

static void tell_late(struct mu_agent *agent, uint32_t came, uint64_t now_ms)
{
	if (came & MU_STORE_SPOOL && agent->session.phase == MU_SESSION_OPEN)
		mu_uplink_session_open(&agent->uplink, now_ms);
	if (came & (MU_STORE_SPOOL | MU_STORE_SLOTS))
		mu_report_boot(agent, now_ms);
	if (came & MU_STORE_COMMANDS)
		mu_actions_resume(agent, now_ms);
}

void mu_stores_step(struct mu_agent *agent, uint64_t now_ms)
{
	if (now_ms < agent->stores.due_ms)
		return;
	agent->stores.due_ms = now_ms + MU_STORES_RETRY_MS;
	uint32_t wanted = agent->stores.missing | unread_slots(agent);
	if (!wanted)
		return;
	uint32_t had = those_there(agent);
	mu_stores_open(agent, wanted);
	tell_late(agent, those_there(agent) & ~had, now_ms);
	mu_agent_log(agent, MU__LOG_LEVEL__LOG_WARNING,
		agent->stores.missing ? "what=flash_refused action=retry" : "what=flash_refused action=recovered");
}
