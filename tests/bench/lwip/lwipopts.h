// SPDX-License-Identifier: Apache-2.0
// lwIP as ESP-IDF builds it where that matters for sockets (its defaults in brackets: CONFIG_LWIP_...), on one thread with injected time.
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

// Memory comes from malloc, so that what runs out first is the table of sockets: ENFILE.
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT 8

#define MEMP_NUM_NETCONN 10 // MAX_SOCKETS
#define MEMP_NUM_TCP_PCB 16 // MAX_ACTIVE_TCP

#define TCP_MSS 1440
#define TCP_WND 5760
#define TCP_SND_BUF 5760
#define TCP_MAXRTX 12
#define TCP_SYNMAXRTX 12
#define TCP_MSL 60000
#define TCP_FIN_WAIT_TIMEOUT 20000
#define TCP_TMR_INTERVAL 250
#define LWIP_TCP_RTO_TIME 1500
#define TCP_QUEUE_OOSEQ 1
#define TCP_LISTEN_BACKLOG 1
#define DEFAULT_TCP_RECVMBOX_SIZE 6
#define DEFAULT_UDP_RECVMBOX_SIZE 6
#define DEFAULT_RAW_RECVMBOX_SIZE 6
#define DEFAULT_ACCEPTMBOX_SIZE 6
#define TCPIP_MBOX_SIZE 32

#define LWIP_SOCKET 1
#define LWIP_NETCONN 1
#define LWIP_NETCONN_SEM_PER_THREAD 1
#define LWIP_NETCONN_FULLDUPLEX 1
#define LWIP_COMPAT_SOCKETS 0
#define LWIP_POSIX_SOCKETS_IO_NAMES 0
#define LWIP_SO_SNDTIMEO 1
#define LWIP_SO_RCVTIMEO 1
#define LWIP_TCP_KEEPALIVE 1
#define SO_REUSE 1
#ifndef LWIP_SO_LINGER
#	define LWIP_SO_LINGER 1 // off by default there; without it an abort is a close, and its control block lingers for twenty minutes
#endif

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 0 // the link of this bench carries IP
#define LWIP_ETHERNET 0
#define LWIP_DHCP 0
#define LWIP_DNS 0
#define LWIP_RAW 1
#define LWIP_UDP 1
#define CHECKSUM_CHECK_IP 0
#define CHECKSUM_CHECK_UDP 0
#define CHECKSUM_CHECK_ICMP 0
#define LWIP_NETIF_TX_SINGLE_PBUF 1
#define LWIP_STATS 0

#define NO_SYS 0
#define SYS_LIGHTWEIGHT_PROT 1
#define TCPIP_THREAD_TEST 1 // no thread of lwIP's: world.c calls its timers
#define LWIP_TCPIP_CORE_LOCKING 1
#define LWIP_TCPIP_CORE_LOCKING_INPUT 1

#endif
