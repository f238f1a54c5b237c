// SPDX-License-Identifier: Apache-2.0
// struct mu_socket_port over lwIP's own sockets: what a port for a chip with lwIP does.
#ifndef LWIP_SOCKETS_H
#define LWIP_SOCKETS_H
#include "agent/port/port.h"

extern const struct mu_socket_port lwip_sockets;
unsigned lwip_sockets_open(void);
void lwip_sockets_close_all(void);

#endif
