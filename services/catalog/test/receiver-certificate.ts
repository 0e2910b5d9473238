// A receiver of tests by https: signed by itself, for receiver.mosis.test, until 2126. It protects nothing.
export const receiverName = "receiver.mosis.test";

export const receiverCertificate = `-----BEGIN CERTIFICATE-----
MIIBszCCAVmgAwIBAgIUGq6k1PRK4DgMFOUIBY7iNXMOPqMwCgYIKoZIzj0EAwIw
HjEcMBoGA1UEAwwTcmVjZWl2ZXIubW9zaXMudGVzdDAgFw0yNjExMjUwOTI0MzVa
GA8yMTI2MTEwMTA5MjQzNVowHjEcMBoGA1UEAwwTcmVjZWl2ZXIubW9zaXMudGVz
dDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMKEhygsenjMd1xST5EOVd3U4NIE
EsOay7o5knAhvl/JopqlYrWmM2TtoEgxhf2qI/sBtZ6m4j7Kobu4TN9SU6mjczBx
MB0GA1UdDgQWBBRW4pwlwTWwfpsFI9UFWklsim0I0zAfBgNVHSMEGDAWgBRW4pwl
wTWwfpsFI9UFWklsim0I0zAPBgNVHRMBAf8EBTADAQH/MB4GA1UdEQQXMBWCE3Jl
Y2VpdmVyLm1vc2lzLnRlc3QwCgYIKoZIzj0EAwIDSAAwRQIhAN36BVu7dxsL/XxI
AJo+nD1CNiE4Cgn40z8ZGq7X5khPAiBIi7BcmpWJJvxBq7X0FEf6Hb3Y9I47wjBj
sTKgsF84mQ==
-----END CERTIFICATE-----
`;

export const receiverKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfU3zZq9djTUULtIS
wrJR3YtcnUSOy7zoTyniypmT2gChRANCAATChIcoLHp4zHdcUk+RDlXd1ODSBBLD
msu6OZJwIb5fyaKapWK1pjNk7aBIMYX9qiP7AbWepuI+yqG7uEzfUlOp
-----END PRIVATE KEY-----
`;
