"""Why a certificate was not trusted, where an authority's file is no remedy.

Source: OpenSSL, include/openssl/x509_vfy.h.in (X509_V_ERR_*).
"""

import ssl


def is_out_of_date(error: ssl.SSLCertVerificationError) -> bool:
    """Tell whether it has expired, or is not valid yet."""
    return error.verify_code in (9, 10)  # CERT_NOT_YET_VALID, CERT_HAS_EXPIRED


def is_of_another_host(error: ssl.SSLCertVerificationError) -> bool:
    """Tell whether it is for another name or address than the one that was asked for."""
    return error.verify_code in (62, 64)  # HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
