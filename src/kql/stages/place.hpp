// Finds the expressions of a plan that have no SQL but a kernel, and puts stages where they are computed.
//
// A call without SQL becomes a column that a stage makes below the node that reads it; what has SQL stays SQL, the part
// of a filter before it among them. A call on constants becomes its value. Pure.
#pragma once
#include "kql/compile.hpp"
#include "kql/plan.hpp"

namespace yagura::kql::stages {

// The query itself when nothing is to be done.
BoundQuery place(const BoundQuery& query, const CompileOptions& options);

// All of it can be computed on rows in memory: constants, columns and calls with kernels.
bool has_kernels(const Expr& e);
// The value of an expression of constants; null when it has no kernels or fails.
Expr fold(const Expr& e);

}  // namespace yagura::kql::stages
