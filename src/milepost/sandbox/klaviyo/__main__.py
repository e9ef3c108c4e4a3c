"""The process that `Sandbox` starts."""

from __future__ import annotations

from milepost.sandbox.klaviyo.serve import main

if __name__ == "__main__":
    main()
