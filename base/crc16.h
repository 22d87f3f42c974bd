/*
 * crc16: the checksum by which chats have their partition, and by which Redis
 * Cluster finds the slot of a key: CRC-16/XMODEM.
 */
#ifndef BASE_CRC16_H
#define BASE_CRC16_H

#include "base/base.h"

unsigned crc16(const char *bytes, size_t len);

#endif
