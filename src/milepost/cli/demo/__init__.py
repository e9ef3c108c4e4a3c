"""`milepost demo`, step by step: a world of look-alikes, everything Milepost does with it, the proof. No step is faked."""
