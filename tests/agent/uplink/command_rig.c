// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include "agent/port/linux/crypto.h"
#include "tests/agent/uplink/command_rig.h"

enum { DEVICE_KEYS = STRANGER };

struct command_rig rig;
static EVP_PKEY *secret[SIGNERS];

// ---- making commands

static void set_body(Mu__Command *order, enum mu_command_kind kind)
{
	static Mu__Rollback rollback = MU__ROLLBACK__INIT;
	static Mu__Update update = MU__UPDATE__INIT;
	static Mu__Reboot reboot = MU__REBOOT__INIT;
	static Mu__Report report = MU__REPORT__INIT;
	static Mu__SetLog log = MU__SET_LOG__INIT;
	static Mu__Diagnose diagnose = MU__DIAGNOSE__INIT;
	rollback.running_sha = (ProtobufCBinaryData){ sizeof rig.running_sha, rig.running_sha };
	rollback.target_sha = (ProtobufCBinaryData){ sizeof rig.target_sha, rig.target_sha };
	update.manifest_url = (char *)"https://firmware.example/manifest";
	report.interval_s = 5, report.for_s = 900;
	log.level = MU__LOG_LEVEL__LOG_DEBUG, log.for_s = 60;
	diagnose.for_s = 30;
	switch (kind) {
	case MU_COMMAND_ROLLBACK: order->body_case = MU__COMMAND__BODY_ROLLBACK, order->rollback = &rollback; break;
	case MU_COMMAND_UPDATE: order->body_case = MU__COMMAND__BODY_UPDATE, order->update = &update; break;
	case MU_COMMAND_REPORT: order->body_case = MU__COMMAND__BODY_REPORT, order->report = &report; break;
	case MU_COMMAND_LOG: order->body_case = MU__COMMAND__BODY_LOG, order->log = &log; break;
	case MU_COMMAND_DIAGNOSE: order->body_case = MU__COMMAND__BODY_DIAGNOSE, order->diagnose = &diagnose; break;
	default: order->body_case = MU__COMMAND__BODY_REBOOT, order->reboot = &reboot; break;
	}
}

size_t rig_pack(const struct order *from, uint8_t bytes[1024])
{
	uint8_t id[MU_COMMAND_ID_BYTES] = { from->id };
	Mu__Command order = MU__COMMAND__INIT;
	order.device = (char *)(from->device ? from->device : "dev-1");
	order.id = (ProtobufCBinaryData){ sizeof id, id };
	order.counter = from->counter ? from->counter : 1;
	order.has_not_after_ms = from->not_after_ms != 0;
	order.not_after_ms = from->not_after_ms;
	set_body(&order, from->kind);
	return mu__command__pack(&order, bytes);
}

struct message rig_sign(enum signer signer, const uint8_t *bytes, size_t size)
{
	struct message out;
	uint8_t signature[80];
	size_t signature_size = sizeof signature;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, secret[signer]), 1);
	assert_int_equal(EVP_DigestSign(context, signature, &signature_size, bytes, size), 1);
	EVP_MD_CTX_free(context);
	Mu__SignedCommand envelope = MU__SIGNED_COMMAND__INIT;
	envelope.command = (ProtobufCBinaryData){ size, (uint8_t *)bytes };
	envelope.signature = (ProtobufCBinaryData){ signature_size, signature };
	envelope.key_id = (ProtobufCBinaryData){ MU_KEY_ID_SIZE, rig.signer[signer].id };
	assert_true(mu__signed_command__get_packed_size(&envelope) <= sizeof out.bytes);
	out.size = mu__signed_command__pack(&envelope, out.bytes);
	return out;
}

struct message rig_make(struct order order)
{
	uint8_t bytes[1024];
	return rig_sign(order.signer ? order.signer : OPERATOR, bytes, rig_pack(&order, bytes));
}

// ---- the device

static void check_result(void)
{
	Mu__Record record;
	struct mu_limits_fault fault;
	mu__record__init(&record);
	record.boot = 1;
	record.body_case = MU__RECORD__BODY_COMMAND_RESULT;
	record.command_result = &rig.decision.result.message;
	if (mu_limits_check_record(&record, &fault) < 0)
		fail_msg("%s %s", fault.field, fault.what);
	assert_int_equal(rig.decision.result.message.outcome, rig.decision.outcome);
}

Mu__CommandOutcome rig_handle_at(const struct message *message, uint64_t trusted_wall_ms, uint64_t now_ms)
{
	mu_command_handle(&rig.command, message->bytes, message->size, trusted_wall_ms, now_ms, rig.scratch, sizeof rig.scratch,
		&rig.decision);
	check_result();
	return rig.decision.outcome;
}

Mu__CommandOutcome rig_handle(const struct message *message)
{
	return rig_handle_at(message, NOW_MS, 1000);
}

void rig_expect_refusal(const char *what, const struct message *message, Mu__CommandOutcome outcome, bool names_id)
{
	uint64_t stores = rig.fake.calls[FAKE_CALL_SET];
	rig_handle_at(message, NOW_MS, rig.command.received * UINT64_C(60000));
	if (rig.decision.outcome != outcome)
		fail_msg("%s: outcome %d, not %d", what, (int)rig.decision.outcome, (int)outcome);
	assert_int_equal(rig.decision.kind, MU_COMMAND_NONE);
	assert_true(rig.decision.record);
	assert_int_equal(rig.decision.result.message.detail != NULL, outcome == OUTCOME(FAILED)); // the others say it all
	assert_int_equal(rig.decision.result.message.id.len, names_id ? MU_COMMAND_ID_BYTES : 0);
	assert_true(names_id || outcome == OUTCOME(TOO_LARGE) || rig.decision.result.message.has_digest);
	if (rig.fake.calls[FAKE_CALL_SET] != stores)
		fail_msg("%s was stored", what);
}

int rig_start(void)
{
	mu_command_init(&rig.command, &rig.fake.port, &rig.keys, "dev-1");
	return mu_command_open(&rig.command, rig.has_lived);
}

int rig_setup(void **unused)
{
	(void)unused;
	fake_port_init(&rig.fake, 1);
	rig.fake.port.crypto = &mu_crypto_openssl;
	rig.running_sha[0] = 0xAA;
	rig.target_sha[0] = 0xBB;
	rig.has_lived = false;
	int err = rig_start();
	rig.has_lived = true;
	memset(rig.fake.calls, 0, sizeof rig.fake.calls); // the first boot has stored that there are no counters
	return err;
}

int rig_teardown(void **unused)
{
	(void)unused;
	fake_port_free(&rig.fake);
	return 0;
}

static int read_keys(void *unused, uint32_t offset, void *buffer, size_t size)
{
	(void)unused;
	if (rig.key_reads_failing) {
		rig.key_reads_failing--;
		return MU_ERR_IO;
	}
	return mu_source_read(&rig.key_bytes_source, offset, buffer, size);
}

int rig_make_keys(void **unused)
{
	(void)unused;
	static const enum mu_key_role roles[SIGNERS] = { MU_KEY_RELEASE, MU_KEY_OPERATOR, MU_KEY_COLLECTOR, MU_KEY_OPERATOR };
	for (int i = 0; i < SIGNERS; i++) {
		struct mu_key *key = &rig.signer[i];
		uint8_t digest[SHA256_DIGEST_LENGTH];
		size_t size = 0;
		secret[i] = EVP_EC_gen("P-256");
		EVP_PKEY_get_octet_string_param(secret[i], OSSL_PKEY_PARAM_PUB_KEY, key->point, sizeof key->point, &size);
		assert_int_equal(size, MU_KEY_POINT_SIZE);
		SHA256(key->point, sizeof key->point, digest);
		memcpy(key->id, digest, sizeof key->id);
		key->role = roles[i];
		key->name[0] = (char)('a' + i);
	}
	struct mu_keyset set = { .count = DEVICE_KEYS };
	memcpy(set.keys, rig.signer, DEVICE_KEYS * sizeof *rig.signer);
	assert_true(mu_keyset_write(&set, rig.key_bytes, sizeof rig.key_bytes) > 0);
	rig.key_bytes_source = mu_source_memory(rig.key_bytes, sizeof rig.key_bytes);
	rig.keys = (struct mu_source){ .read = read_keys, .size_bytes = sizeof rig.key_bytes };
	return 0;
}

int rig_free_keys(void **unused)
{
	(void)unused;
	for (int i = 0; i < SIGNERS; i++)
		EVP_PKEY_free(secret[i]);
	return 0;
}
