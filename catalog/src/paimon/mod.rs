//! Apache Paimon.
