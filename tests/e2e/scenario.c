// SPDX-License-Identifier: Apache-2.0
// e2e-scenario: prints a recording of a sick fleet, as `mosquitto_sub -F '%U %t %x'` would have written it.
//
//   e2e-scenario devices=60 minutes=720 seed=1
//
// One heartbeat a minute and device; device i has the illness i modulo the number of rows of the table at the end. The same arguments give the
// same recording, byte for byte. Exit 0, or 2 with the reason on stderr.
#include "muster.pb-c.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICES_MAX = 2000, RECORDS_MAX = 60, BYTES_MAX = 16 * 1024, MINUTE_MS = 60000 };
#define START_MS UINT64_C(1790000000000)

// What one record holds; the messages point into each other, so it stays where it is.
struct sheet {
	Mu__Record record;
	Mu__Heartbeat heartbeat;
	Mu__Vitals vitals;
	Mu__LinkHealth link;
	Mu__Sockets sockets;
	Mu__UplinkHealth uplink;
	Mu__OtaHealth ota;
	Mu__Boot boot;
	Mu__Link loss;
};

struct patient {
	char id[16];
	uint64_t seq, booted_ms;
	uint32_t boot;
	uint32_t heap, dropped;
	int32_t rssi;
	uint32_t spool, ota;
	uint64_t away_until; // minute
	bool is_silent;      // away and nothing is kept; else it is sent later
	uint64_t random;
	struct sheet *sheets; // made and not sent
	unsigned sheet_count;
};

static uint32_t draw(struct patient *patient, uint32_t below)
{
	patient->random ^= patient->random << 13;
	patient->random ^= patient->random >> 7;
	patient->random ^= patient->random << 17;
	return (uint32_t)(patient->random >> 33) % below;
}

static struct sheet *new_sheet(struct patient *patient, uint64_t at_ms)
{
	struct sheet *sheet = &patient->sheets[patient->sheet_count++];
	mu__record__init(&sheet->record);
	sheet->record.boot = patient->boot;
	sheet->record.uptime_ms = at_ms - patient->booted_ms;
	sheet->record.has_wall_ms = sheet->record.has_time_quality = true;
	sheet->record.wall_ms = at_ms;
	sheet->record.time_quality = MU__TIME_QUALITY__TIME_SERVER;
	return sheet;
}

static void add_heartbeat(struct patient *patient, uint64_t at_ms)
{
	struct sheet *sheet = new_sheet(patient, at_ms);
	mu__heartbeat__init(&sheet->heartbeat);
	mu__vitals__init(&sheet->vitals);
	mu__link_health__init(&sheet->link);
	mu__uplink_health__init(&sheet->uplink);
	mu__ota_health__init(&sheet->ota);
	sheet->record.body_case = MU__RECORD__BODY_HEARTBEAT;
	sheet->record.heartbeat = &sheet->heartbeat;
	sheet->heartbeat.vitals = &sheet->vitals;
	sheet->heartbeat.link = &sheet->link;
	sheet->heartbeat.uplink = &sheet->uplink;
	sheet->vitals.has_heap_free_bytes = sheet->vitals.has_heap_largest_bytes = sheet->vitals.has_uptime_s = true;
	sheet->vitals.heap_free_bytes = patient->heap + draw(patient, 2000);
	sheet->vitals.heap_largest_bytes = patient->heap / 2 + 10000;
	sheet->vitals.uptime_s = (uint32_t)(sheet->record.uptime_ms / 1000);
	sheet->link.has_rssi_dbm = sheet->link.has_state = true;
	sheet->link.rssi_dbm = patient->rssi + (int32_t)draw(patient, 5);
	sheet->link.state = MU__NETWORK_STATE__NETWORK_CONNECTED;
	sheet->uplink.has_spool_used_permille = sheet->uplink.has_dropped_records = true;
	sheet->uplink.spool_used_permille = patient->spool;
	sheet->uplink.dropped_records = patient->dropped;
	if (draw(patient, 10) != 0)
		return; // a slow part: seldom
	sheet->heartbeat.ota = &sheet->ota;
	sheet->ota.has_state = true;
	sheet->ota.state = (Mu__OtaState)patient->ota;
}

static void reboot(struct patient *patient, uint64_t at_ms, Mu__ResetClass reset_class)
{
	patient->boot++;
	patient->booted_ms = at_ms - 1500;
	struct sheet *sheet = new_sheet(patient, at_ms);
	mu__boot__init(&sheet->boot);
	sheet->record.body_case = MU__RECORD__BODY_BOOT_REPORT;
	sheet->record.boot_report = &sheet->boot;
	sheet->boot.reset_raw = 4;
	sheet->boot.reset_class = reset_class;
	sheet->boot.firmware = (char *)"1.4.2";
	patient->heap = 120000;
}

static void add_loss(struct patient *patient, uint64_t at_ms)
{
	struct sheet *sheet = new_sheet(patient, at_ms);
	mu__link__init(&sheet->loss);
	sheet->record.body_case = MU__RECORD__BODY_LINK;
	sheet->record.link = &sheet->loss;
	sheet->loss.change = MU__LINK_CHANGE__LINK_LOST;
}

// ---- the illnesses: what a minute does to a device

static void be_well(struct patient *patient, uint64_t at_ms)
{
	(void)patient, (void)at_ms;
}

static void run_low(struct patient *patient, uint64_t at_ms)
{
	(void)at_ms;
	if (draw(patient, 12) == 0)
		patient->heap = draw(patient, 2) ? 120000 : 15000 + draw(patient, 40000);
}

static void leak(struct patient *patient, uint64_t at_ms)
{
	patient->heap = patient->heap > 12000 ? patient->heap - 400 : patient->heap;
	if (patient->heap <= 12000 && draw(patient, 8) == 0)
		reboot(patient, at_ms, MU__RESET_CLASS__RESET_CRASH);
}

static void crash(struct patient *patient, uint64_t at_ms)
{
	if (draw(patient, 25) == 0)
		reboot(patient, at_ms, MU__RESET_CLASS__RESET_CRASH);
}

static void hang(struct patient *patient, uint64_t at_ms)
{
	if (draw(patient, 40) == 0)
		reboot(patient, at_ms, MU__RESET_CLASS__RESET_HANG);
}

static void lose_power(struct patient *patient, uint64_t at_ms)
{
	if (draw(patient, 30) == 0)
		reboot(patient, at_ms, MU__RESET_CLASS__RESET_BROWN_OUT);
}

static void fall_silent(struct patient *patient, uint64_t at_ms)
{
	if (draw(patient, 60) == 0) {
		patient->away_until = (at_ms - START_MS) / MINUTE_MS + 5 + draw(patient, 80);
		patient->is_silent = true;
	}
}

static void fade(struct patient *patient, uint64_t at_ms)
{
	(void)at_ms;
	if (draw(patient, 20) == 0)
		patient->rssi = -60 - (int32_t)draw(patient, 32);
}

static void flap(struct patient *patient, uint64_t at_ms)
{
	if (draw(patient, 30) < 8)
		add_loss(patient, at_ms);
}

static void be_cut_off(struct patient *patient, uint64_t at_ms)
{
	if (draw(patient, 90) == 0) {
		patient->away_until = (at_ms - START_MS) / MINUTE_MS + 3 + draw(patient, RECORDS_MAX - 10);
		patient->is_silent = false;
	}
	if (draw(patient, 15) == 0)
		patient->heap = draw(patient, 2) ? 120000 : 30000; // also while nobody hears it
}

static void fill_up(struct patient *patient, uint64_t at_ms)
{
	(void)at_ms;
	patient->spool = patient->spool < 950 ? patient->spool + draw(patient, 25) : draw(patient, 400);
	patient->dropped += draw(patient, 50) == 0;
}

static void update(struct patient *patient, uint64_t at_ms)
{
	(void)at_ms;
	if (draw(patient, 45) == 0)
		patient->ota = draw(patient, 3) ? MU__OTA_STATE__OTA_DOWNLOADING : MU__OTA_STATE__OTA_IDLE;
}

static void (*const illnesses[])(struct patient *patient, uint64_t at_ms) = {
	be_well,
	run_low,
	leak,
	crash,
	hang,
	lose_power,
	fall_silent,
	fade,
	flap,
	be_cut_off,
	fill_up,
	update,
};

// ---- printing

static void print_uplink(struct patient *patient, uint64_t at_ms)
{
	static uint8_t bytes[BYTES_MAX];
	Mu__Record *records[RECORDS_MAX];
	Mu__Uplink uplink = MU__UPLINK__INIT;
	for (unsigned i = 0; i < patient->sheet_count; i++)
		records[i] = &patient->sheets[i].record;
	uplink.epoch = 77;
	uplink.first_seq = patient->seq + 1;
	uplink.oldest_seq = uplink.first_seq;
	uplink.n_records = patient->sheet_count;
	uplink.records = records;
	patient->seq += patient->sheet_count;
	size_t size = mu__uplink__get_packed_size(&uplink);
	if (size > sizeof bytes)
		abort();
	mu__uplink__pack(&uplink, bytes);
	printf("%" PRIu64 ".%03u000 muster/v1/%s/up ", at_ms / 1000, (unsigned)(at_ms % 1000), patient->id);
	for (size_t i = 0; i < size; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
	patient->sheet_count = 0;
}

static void live(struct patient *patient, unsigned index, uint64_t minute, uint64_t at_ms)
{
	bool is_away = patient->away_until > minute;
	if (is_away && patient->is_silent)
		return;
	illnesses[index % (sizeof illnesses / sizeof *illnesses)](patient, at_ms);
	add_heartbeat(patient, at_ms);
	if (!is_away || patient->sheet_count + 4 > RECORDS_MAX)
		print_uplink(patient, at_ms); // with all that was kept
}

static unsigned read_argument(int argc, char **argv, const char *name, unsigned preset)
{
	size_t length = strlen(name);
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=')
			return (unsigned)strtoul(argv[i] + length + 1, 0, 10);
	return preset;
}

int main(int argc, char **argv)
{
	static struct patient patients[DEVICES_MAX];
	unsigned devices = read_argument(argc, argv, "devices", 60), minutes = read_argument(argc, argv, "minutes", 720);
	unsigned seed = read_argument(argc, argv, "seed", 1);
	if (!devices || devices > DEVICES_MAX) {
		fprintf(stderr, "e2e-scenario: devices must be 1 .. %d\n", DEVICES_MAX);
		return 2;
	}
	for (unsigned i = 0; i < devices; i++) {
		struct patient *patient = &patients[i];
		snprintf(patient->id, sizeof patient->id, "p-%04u", i);
		patient->random = UINT64_C(0x9e3779b97f4a7c15) * (seed * 10007u + i + 1);
		patient->sheets = calloc(RECORDS_MAX, sizeof *patient->sheets);
		if (!patient->sheets)
			abort();
		patient->heap = 120000;
		patient->rssi = -62;
		patient->boot = 1;
		patient->booted_ms = START_MS;
	}
	for (uint64_t minute = 1; minute <= minutes; minute++)
		for (unsigned i = 0; i < devices; i++)
			live(&patients[i], i, minute, START_MS + minute * MINUTE_MS + i * UINT64_C(50000) / devices);
	for (unsigned i = 0; i < devices; i++)
		free(patients[i].sheets);
	return 0;
}
