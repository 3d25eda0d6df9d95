/* libsodium's configure would make this from version.h.in; its sources include it and use nothing of it but export.h. */
#pragma once
#include "export.h"
