"""What an acceleration waveform says of a machine: statistics, spectra, velocity, the envelope, and faults of its bearing.

| file | what |
|---|---|
| `time_domain.py` | RMS, peak, crest, kurtosis and their kin |
| `spectrum.py` | amplitudes, what lies in a band, velocity and displacement by integration |
| `envelope.py` | the envelope of a band and its spectrum, cepstrum pre-whitening |
| `evidence.py` | whether an envelope spectrum has the lines of a bearing's faults, against orders that no fault has |
| `order_tracking.py` | spectra over orders where the speed changes |
| `features.py` | all of a block, and why something is not said |

Everything is a function of its arguments: nothing here remembers the waveform before.
"""
