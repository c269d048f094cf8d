#include "server/outbound/address_policy.h"
