//! Tokens for devices: who asks, gets one, unless an enrolment secret is set.
