// SPDX-License-Identifier: Apache-2.0
// The fake port's tables for link, sockets, UDP and MQTT: they note what was asked and answer as struct fake_port says.
#ifndef TESTS_AGENT_FAKE_NETWORK_H
#define TESTS_AGENT_FAKE_NETWORK_H
#include "tests/agent/fake_port.h"

extern const struct mu_link_port fake_link_port;
extern const struct mu_socket_port fake_socket_port;
extern const struct mu_udp_port fake_udp_port;
extern const struct mu_mqtt_port fake_mqtt_port;

#endif
