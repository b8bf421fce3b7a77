"""Which vectors are nearest: exactly, approximately, or with their neighbourhoods."""
