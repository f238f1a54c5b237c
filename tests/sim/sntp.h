// SPDX-License-Identifier: Apache-2.0
// The model time server behind port->udp: answers an SNTP request as RFC 5905 says, late, wrongly, or not at all.
#ifndef TESTS_SIM_SNTP_H
#define TESTS_SIM_SNTP_H
#include <stddef.h>
#include <stdint.h>

struct sim_device;

enum sim_sntp_mood { SIM_SNTP_GOOD, SIM_SNTP_SILENT, SIM_SNTP_KISS, SIM_SNTP_RUBBISH };

// As request() of struct mu_udp_port.
int sim_sntp_request(struct sim_device *device, const void *data, size_t size);

#endif
