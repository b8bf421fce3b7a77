"""Running an installation: workers, parked work, the doctor, verification."""
