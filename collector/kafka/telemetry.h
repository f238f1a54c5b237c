// SPDX-License-Identifier: Apache-2.0
// A committed record as the value of a message on the topic of telemetry: mu.Telemetry of muster.proto, or the same as JSON.
//
// Protobuf: the record's bytes are taken over as the device sent them, so that nothing is lost that this musterd does not know.
// JSON: {"device", "epoch" (hex), "seq", "received_ms", "n", "record"}; shapes as in http/record_json.h. A record that this musterd cannot
// unpack is {"undecodable": HEX}.
// Thread: any.
#ifndef COLLECTOR_KAFKA_TELEMETRY_H
#define COLLECTOR_KAFKA_TELEMETRY_H
#include <stddef.h>
#include <stdint.h>
#include "collector/store/records.h"
#include "proto/limits.h"

// Enough for every record that the store takes.
enum { TELEMETRY_BYTES_MAX = STORE_RECORD_BYTES_MAX + MU_DEVICE_ID_MAX + 64 };

// Returns the bytes written, or 0 if size is too small.
size_t telemetry_pack(const char *device, const struct store_record *record, uint8_t *buffer, size_t size);

// The caller frees it. Null: no memory.
char *telemetry_json(const char *device, const struct store_record *record);

#endif
