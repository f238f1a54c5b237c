// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/agent_rig.h"
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fake_port fake;
struct fake_collector collector;
struct mu_agent *agent;
struct mu_key agent_rig_operator;
uint64_t agent_rig_not_after_ms;

const struct mu_agent_config agent_rig_plain = { .id = "dev-1", .firmware = "1.0.0", .broker_uri = "mqtt://127.0.0.1:1883" };

void agent_rig_open(unsigned spool_sectors)
{
	fake_port_init(&fake, 3);
	agent_rig_not_after_ms = 0;
	fake_port_partition(&fake, MU_PART_SPOOL, spool_sectors);
	fake_port_partition(&fake, MU_PART_BOOT, 2);
	fake_port_partition(&fake, MU_PART_JOURNAL, 2);
	fake_port_partition(&fake, MU_PART_KEYS, 1);
	fake.vitals = (struct mu_system_vitals){ .heap_free_bytes = 200000, .heap_largest_bytes = 110000, .heap_min_bytes = 150000 };
	agent = malloc(sizeof *agent); // the heap's, so that a sanitizer watches its ends
	fake_collector_init(&collector, &fake, agent);
}

void agent_rig_close(void)
{
	assert_int_equal(fake.lock_depth, 0);
	assert_int_equal(fake.rule_violations, 0);
	fake_collector_free(&collector);
	fake_port_free(&fake);
	free(agent);
}

int agent_rig_tear_down(void **unused)
{
	(void)unused;
	agent_rig_close();
	return 0;
}

void agent_rig_boot(const struct mu_agent_config *config, uint32_t reset_raw)
{
	agent_rig_boot_on(&fake.port, config, reset_raw);
}

void agent_rig_boot_on(const struct mu_port *port, const struct mu_agent_config *config, uint32_t reset_raw)
{
	const char *problem = "";
	fake.reset_info.reset_raw = reset_raw;
	fake.link_status.up = false;
	memset(agent, 0xA5, sizeof *agent);
	fake_collector_reset(&collector);
	if (mu_agent_init(agent, config, port, &problem) < 0)
		fail_msg("the agent refuses to start: %s", problem);
}

// ---- commands

void agent_rig_trust_operator(void)
{
	agent_rig_operator = (struct mu_key){ .id = "KEY-0001", .role = MU_KEY_OPERATOR, .point = { 4 }, .name = "ana" };
	const struct mu_keyset keys = { .count = 1, .keys[0] = agent_rig_operator };
	assert_true(mu_keyset_write(&keys, fake.flash[MU_PART_KEYS], MU_KEYSET_SIZE_MAX) > 0);
}

static void sign(const uint8_t *bytes, size_t size, uint8_t signature[FAKE_SIGNATURE_BYTES])
{
	_Alignas(max_align_t) uint8_t state[MU_HASH_STATE_BYTES];
	uint8_t digest[MU_SHA256_BYTES];
	const struct mu_crypto_port *crypto = fake.port.crypto;
	crypto->sha256_start(fake.port.context, state);
	crypto->sha256_update(fake.port.context, state, bytes, size);
	crypto->sha256_finish(fake.port.context, state, digest);
	fake_port_sign(agent_rig_operator.point, digest, signature);
}

void agent_rig_command(uint8_t id, uint64_t counter, Mu__Command__BodyCase kind, void *body)
{
	uint8_t id_bytes[16], bytes[512], signature[FAKE_SIGNATURE_BYTES], packed[1024];
	Mu__Command command = MU__COMMAND__INIT;
	Mu__SignedCommand envelope = MU__SIGNED_COMMAND__INIT;
	memset(id_bytes, id, sizeof id_bytes);
	command.device = (char *)agent_rig_plain.id;
	command.id = (ProtobufCBinaryData){ .len = sizeof id_bytes, .data = id_bytes };
	command.counter = counter;
	command.has_not_after_ms = agent_rig_not_after_ms != 0;
	command.not_after_ms = agent_rig_not_after_ms;
	command.body_case = kind;
	command.reboot = body; // or what else it is: the body is a union of pointers
	size_t size = mu__command__pack(&command, bytes);
	sign(bytes, size, signature);
	envelope.command = (ProtobufCBinaryData){ .len = size, .data = bytes };
	envelope.signature = (ProtobufCBinaryData){ .len = sizeof signature, .data = signature };
	envelope.key_id = (ProtobufCBinaryData){ .len = MU_KEY_ID_SIZE, .data = agent_rig_operator.id };
	fake_collector_send(&collector, "muster/v1/dev-1/dn", packed, mu__signed_command__pack(&envelope, packed), false);
}
