// The OpenAPI 3.1 document of /api/v1/openapi.json, made of the table of routes.
#pragma once
#include <string>

#include "serve/route.hpp"

namespace yagura::serve {
std::string openapi_document(const Router& router, std::string_view version);
}
